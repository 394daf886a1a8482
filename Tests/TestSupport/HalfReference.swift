// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A format of 16 bits by its definition: slow, without a trick. Values and the places halfway between
/// two of them are exact as Double.
public struct HalfReference: Sendable {
    /// Bits behind the point.
    public let fractionBits: Int
    /// The exponent of 1.
    public let bias: Int

    /// IEEE 754 binary16.
    public static let float16 = HalfReference(fractionBits: 10, bias: 15)
    /// The upper half of a float32.
    public static let bfloat16 = HalfReference(fractionBits: 7, bias: 127)

    /// The format of a dtype of 16 bits.
    public init(_ dtype: DType) { self = dtype == .float16 ? .float16 : .bfloat16 }

    private init(fractionBits: Int, bias: Int) {
        (self.fractionBits, self.bias) = (fractionBits, bias)
    }

    /// The pattern of infinity; greater ones are NaN.
    public var infinity: UInt16 { UInt16(2 * bias + 1) << fractionBits }
    /// The bit that makes a NaN quiet.
    public var quiet: UInt16 { 1 << (fractionBits - 1) }

    /// The value of a pattern without its sign; for the infinity's, what would follow the greatest.
    public func value(_ pattern: UInt16) -> Double {
        let exponent = Int(pattern >> fractionBits)
        let fraction = Int(pattern) & (1 << fractionBits - 1)
        let whole = exponent == 0 ? fraction : fraction + 1 << fractionBits
        let power = max(exponent, 1) - bias - fractionBits
        return Double(whole) * Double(sign: .plus, exponent: power, significand: 1)
    }

    /// Halfway from a pattern's value to the next one's.
    public func midpoint(above pattern: UInt16) -> Double {
        (value(pattern) + value(pattern + 1)) / 2
    }

    /// The greatest finite pattern whose value is not above a magnitude.
    public func pattern(below magnitude: Double) -> UInt16 {
        var (low, high) = (UInt16(0), infinity)
        while high - low > 1 {
            let middle = (low + high) / 2
            if value(middle) <= magnitude { low = middle } else { high = middle }
        }
        return low
    }

    /// The pattern nearest to a value that is no NaN; of two the even one.
    public func nearest(_ value: Double) -> UInt16 {
        let low = pattern(below: value.magnitude), middle = midpoint(above: low)
        let isUp = value.magnitude > middle || (value.magnitude == middle && low & 1 == 1)
        return (isUp ? low + 1 : low) | (value.sign == .minus ? 0x8000 : 0)
    }
}
