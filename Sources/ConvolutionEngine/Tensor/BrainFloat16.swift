// SPDX-License-Identifier: Apache-2.0

/// bfloat16: a sign, 8 bits of exponent (bias 127), 7 of fraction; a float32 without its lower half.
enum BrainFloat16: HalfFormat {
    @inline(__always)
    static func widen(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// The lower half is added to the upper with just less than half a unit, or half of one where the
    /// upper is odd; a carry raises the exponent, at last to infinity.
    @inline(__always)
    static func round(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let isNaN = bits & 0x7FFF_FFFF > 0x7F80_0000
        let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
        let kept = bits >> 16
        let nan = kept & 0x7F == 0 ? kept | 0x40 : kept
        return UInt16(truncatingIfNeeded: isNaN ? nan : rounded)
    }
}
