// SPDX-License-Identifier: Apache-2.0

/// A floating-point format of 16 bits, as bit patterns.
///
/// Goals, in order: every result correctly rounded, once; loops that the compiler turns into vector
/// instructions on any processor; no need of a scalar type that some platforms lack.
///
/// Widening is exact, a signalling NaN staying one. Rounding is to nearest, ties to even, with
/// subnormals, and to infinity from half a unit above the greatest number on. A NaN keeps its sign
/// and the top bits of its payload, so that one which was widened comes back as it was; where none of
/// these bits is set it becomes quiet.
protocol HalfFormat: Sendable {
    /// The value, exactly.
    static func widen(_ bits: UInt16) -> Float
    /// The nearest number of this format.
    static func round(_ value: Float) -> UInt16
}

extension HalfFormat {
    /// The nearest number of this format, from a double at once.
    ///
    /// 1. The double is cut to a float whose last bit is set if anything was cut off ("rounded to
    ///    odd").
    /// 2. A float has at least two bits more than this format at every exponent, subnormals included,
    ///    so its last bit lies below the one that decides a tie: rounding the float rounds the double.
    ///
    /// Source: S. Boldo, G. Melquiond, When double rounding is odd (2005).
    static func round(_ value: Double) -> UInt16 {
        let nearest = Float(value)
        if nearest.isNaN || Double(nearest) == value { return round(nearest) }
        let isAway = Double(nearest).magnitude > value.magnitude
        let cut = nearest.bitPattern &- (isAway ? 1 : 0)
        return round(Float(bitPattern: cut | 1))
    }

    /// to[i] = widen(from[i])
    static func widen(
        _ from: UnsafePointer<UInt16>, _ to: UnsafeMutablePointer<Float>, count: Int
    ) {
        for i in 0..<count { to[i] = widen(from[i]) }
    }

    /// to[i] = round(from[i])
    static func round(
        _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<UInt16>, count: Int
    ) {
        for i in 0..<count { to[i] = round(from[i]) }
    }
}
