// SPDX-License-Identifier: Apache-2.0

/// float16, IEEE 754 binary16: a sign, 5 bits of exponent (bias 15), 10 of fraction.
///
/// Source: F. Giesen, Half to float done quick (2012), whose additions do the work of shifting
/// subnormals; without a branch on the data.
enum Binary16: HalfFormat {
    /// 2^-14, the least normal number.
    private static var leastNormal: UInt32 { 0x3880_0000 }
    /// Between the biases of the two formats, as bits of a float32.
    private static var rebias: UInt32 { (127 - 15) << 23 }

    /// 1. Shifted up, the fraction is a float32's; the exponent needs the other bias.
    /// 2. At the top exponent (infinity, NaN) it needs that bias once more.
    /// 3. At exponent 0 there is no leading 1: read with one, at the least normal exponent, and 2^-14
    ///    subtracted, which is exact.
    @inline(__always)
    static func widen(_ bits: UInt16) -> Float {
        let shifted = UInt32(bits & 0x7FFF) << 13
        let isSpecial = shifted >= 0x7C00 << 13
        let normal = shifted &+ rebias &+ (isSpecial ? rebias : 0)
        let subnormal = Float(bitPattern: shifted | leastNormal) - Float(bitPattern: leastNormal)
        let magnitude = shifted < 1 << 23 ? subnormal.bitPattern : normal
        return Float(bitPattern: magnitude | UInt32(bits & 0x8000) << 16)
    }

    /// 1. A normal number: half a unit less a bit is added, or half a unit if the last bit kept is odd;
    ///    a carry raises the exponent.
    /// 2. Below 2^-14: 0.5 is added, whose last bit is worth 2^-24 as that of a subnormal, so the
    ///    addition rounds; 0.5 is taken off the bits again.
    /// 3. From 2^16 on infinity; between 65,520 and that the carry of 1 makes it.
    @inline(__always)
    static func round(_ value: Float) -> UInt16 {
        let bits = value.bitPattern, magnitude = bits & 0x7FFF_FFFF
        let isOdd = magnitude >> 13 & 1
        let normal = (magnitude &- rebias &+ 0xFFF &+ isOdd) >> 13
        let half = Float(bitPattern: 0x3F00_0000)
        let subnormal = (Float(bitPattern: magnitude) + half).bitPattern &- half.bitPattern
        let payload = magnitude >> 13 & 0x3FF
        let nan: UInt32 = 0x7C00 | (payload == 0 ? 0x200 : payload)
        let special = magnitude > 0x7F80_0000 ? nan : 0x7C00
        let finite = magnitude < leastNormal ? subnormal : normal
        let rounded = magnitude >= 0x4780_0000 ? special : finite
        return UInt16(truncatingIfNeeded: rounded | bits >> 16 & 0x8000)
    }
}
