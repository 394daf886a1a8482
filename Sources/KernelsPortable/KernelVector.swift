// SPDX-License-Identifier: Apache-2.0

/// What the kernels need of a vector. Arithmetic in code generic over `SIMD` is a loop over lanes that
/// the optimizer only sometimes puts back together; requirements of this protocol are instructions.
protocol KernelVector: SIMD, SendableMetatype
where Scalar: BinaryFloatingPoint & SIMDScalar & Sendable {
    /// a + b, lane by lane.
    static func sum(_ a: Self, _ b: Self) -> Self
    /// a − b, lane by lane.
    static func difference(_ a: Self, _ b: Self) -> Self
    /// a · b, lane by lane.
    static func product(_ a: Self, _ b: Self) -> Self
    /// a · b + c, with one rounding where the instruction set fuses.
    static func muladd(_ a: Self, _ b: Self, _ c: Self) -> Self
    /// c − a · b, with one rounding where the instruction set fuses.
    static func negmuladd(_ a: Self, _ b: Self, _ c: Self) -> Self
    /// The even lanes of a, then those of b.
    static func evens(_ a: Self, _ b: Self) -> Self
    /// The odd lanes of a, then those of b.
    static func odds(_ a: Self, _ b: Self) -> Self
    /// The first half of a0 b0 a1 b1 ...
    static func zipLow(_ a: Self, _ b: Self) -> Self
    /// The second half of a0 b0 a1 b1 ...
    static func zipHigh(_ a: Self, _ b: Self) -> Self
    /// The first n lanes of v, zeros behind them.
    static func first(_ n: Int, _ v: Self) -> Self
    /// The first n lanes of v to p; n >= 0.
    static func storeFirst(_ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Scalar>)
    /// Lane i of v to p[i] for i >= n; n >= 0.
    static func storeFrom(_ n: Int, _ v: Self, _ p: UnsafeMutablePointer<Scalar>)
    /// The lanes of v where all bits of m are set, zeros where none is.
    static func masked(_ v: Self, _ m: Self) -> Self
    /// Rows and columns of a square that ``transpose(_:_:_:_:)`` turns.
    static var square: Int { get }
    /// to[k · pitch + r] <- from[r · stride + k].
    static func transpose(
        _ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>,
        _ pitch: Int)
    /// Rows and columns of the square that ``turn(_:_:_:_:)`` turns: the largest that is not wider than a vector.
    static var side: Int { get }
    /// to[k · pitch + r] <- from[r · stride + k].
    static func turn(
        _ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>,
        _ pitch: Int)
    /// Rows and columns of the square of whole vectors that ``turnWhole(_:_:_:_:)`` turns, where there is one.
    static var wholeSide: Int { get }
    /// to[k · pitch + r] <- from[r · stride + k].
    static func turnWhole(
        _ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>,
        _ pitch: Int)
    /// to[at[k] + r] <- from[r · stride + k], the last k first.
    static func scatter(
        _ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>,
        _ at: UnsafePointer<Int>)
}

/// Of most vectors the square of a panel is the largest that is not wider.
extension KernelVector {
    @inline(__always) static var side: Int { square }
    @inline(__always) static func turn(
        _ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>,
        _ pitch: Int
    ) {
        transpose(from, stride, to, pitch)
    }
    @inline(__always) static var wholeSide: Int { side }
    @inline(__always) static func turnWhole(
        _ from: UnsafePointer<Scalar>, _ stride: Int, _ to: UnsafeMutablePointer<Scalar>,
        _ pitch: Int
    ) {
        turn(from, stride, to, pitch)
    }

    /// Whether every lane is 0: of a sum of 0 · x, whether no x is infinite or NaN.
    @inline(__always) var isZero: Bool {
        var isZero = true
        for i in 0..<Self.scalarCount where self[i] != 0 { isZero = false }
        return isZero
    }
}

/// A vector at any address: one instruction, as fast as from an aligned one but for split lines.
@inline(__always) func load<V: SIMD>(_ p: UnsafePointer<V.Scalar>, as _: V.Type = V.self) -> V {
    UnsafeRawPointer(p).loadUnaligned(as: V.self)
}

/// The same from memory that is being written.
@inline(__always) func load<V: SIMD>(
    _ p: UnsafeMutablePointer<V.Scalar>, as _: V.Type = V.self
) -> V {
    UnsafeRawPointer(p).loadUnaligned(as: V.self)
}

/// A vector to any address.
@inline(__always) func store<V: SIMD>(_ v: V, _ p: UnsafeMutablePointer<V.Scalar>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: V.self)
}
