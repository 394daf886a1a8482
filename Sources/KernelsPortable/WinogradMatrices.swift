// SPDX-License-Identifier: Apache-2.0

// The matrices of Winograd's transforms, each beside its name, with s = √2 and h = √2/2.
// Six points are 0, ±√2, ±1/√2 and ∞, five are these but for 0, four are 0, ±1 and ∞. All were checked against direct sums in exact
// arithmetic.

/// What a step makes of the values that it reads. A type, not a closure: closures of this size are called,
/// with their vectors in memory.
protocol WinogradMatrix<Vector> {
    associatedtype Vector: KernelVector
    associatedtype Values
    associatedtype Results
    /// Whether it makes outputs, to which a bias is added.
    static var makesOutputs: Bool { get }
    static func apply(_ values: Values) -> Results
}

extension WinogradMatrix {
    static var makesOutputs: Bool { false }

    @inline(__always) static func c(_ value: Double) -> Vector {
        Vector(repeating: Vector.Scalar(value))
    }
    @inline(__always) static var root: Double { 1.4142135623730951 }
    @inline(__always) static var half: Double { 0.7071067811865476 }
}

/// A dimension in which the kernel has one tap.
enum Copy<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    static var makesOutputs: Bool { true }
    @inline(__always) static func apply(_ x: InlineArray<1, V>) -> InlineArray<1, V> { x }
}

/// The same for four outputs.
enum CopyFour<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    static var makesOutputs: Bool { true }
    @inline(__always) static func apply(_ x: InlineArray<4, V>) -> InlineArray<4, V> { x }
}

/// [1 0 −1 0; 0 1 1 0; 0 −1 1 0; 0 −1 0 1]
enum Input4<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ x: InlineArray<4, V>) -> InlineArray<4, V> {
        [
            V.difference(x[0], x[2]), V.sum(x[1], x[2]), V.difference(x[2], x[1]),
            V.difference(x[3], x[1]),
        ]
    }
}

/// [−h −1/2 s 1 0; h −1/2 −s 1 0; −s −2 h 1 0; s −2 −h 1 0; 1 0 −5/2 0 1]
enum Input5<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ x: InlineArray<5, V>) -> InlineArray<5, V> {
        let e = V.muladd(c(-0.5), x[1], x[3])
        let p = V.muladd(c(-half), x[0], V.product(c(root), x[2]))
        let f = V.muladd(c(-2), x[1], x[3])
        let q = V.muladd(c(-root), x[0], V.product(c(half), x[2]))
        return [
            V.sum(e, p), V.difference(e, p), V.sum(f, q), V.difference(f, q),
            V.muladd(c(-2.5), x[2], V.sum(x[0], x[4])),
        ]
    }
}

/// [1 0 −5/2 0 1 0; 0 −h −1/2 s 1 0; 0 h −1/2 −s 1 0; 0 −s −2 h 1 0; 0 s −2 −h 1 0; 0 1 0 −5/2 0 1]:
/// behind its first row that of five values.
enum Input6<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ x: InlineArray<6, V>) -> InlineArray<6, V> {
        let e = V.muladd(c(-0.5), x[2], x[4])
        let p = V.muladd(c(-half), x[1], V.product(c(root), x[3]))
        let f = V.muladd(c(-2), x[2], x[4])
        let q = V.muladd(c(-root), x[1], V.product(c(half), x[3]))
        return [
            V.muladd(c(-2.5), x[2], V.sum(x[0], x[4])), V.sum(e, p), V.difference(e, p),
            V.sum(f, q), V.difference(f, q), V.muladd(c(-2.5), x[3], V.sum(x[1], x[5])),
        ]
    }
}

/// [1 1 1 0; 0 1 −1 1]
enum OutputF23<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    static var makesOutputs: Bool { true }
    @inline(__always) static func apply(_ m: InlineArray<4, V>) -> InlineArray<2, V> {
        [
            V.sum(m[0], V.sum(m[1], m[2])),
            V.sum(V.difference(m[1], m[2]), m[3]),
        ]
    }
}

/// [1 1 1 1 1 0; 0 s −s h −h 0; 0 2 2 1/2 1/2 0; 0 2s −2s h/2 −h/2 1]
enum OutputF43<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    static var makesOutputs: Bool { true }
    @inline(__always) static func apply(_ m: InlineArray<6, V>) -> InlineArray<4, V> {
        let a = V.sum(m[1], m[2])
        let b = V.difference(m[1], m[2])
        let d = V.sum(m[3], m[4])
        let e = V.difference(m[3], m[4])
        return [
            V.sum(m[0], V.sum(a, d)),
            V.muladd(c(root), b, V.product(c(half), e)),
            V.muladd(c(2), a, V.product(c(0.5), d)),
            V.muladd(c(2 * root), b, V.muladd(c(half / 2), e, m[5])),
        ]
    }
}

/// [1 1 1 1 0; s −s h −h 0; 2 2 1/2 1/2 0; 2s −2s h/2 −h/2 1]
enum OutputF42<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    static var makesOutputs: Bool { true }
    @inline(__always) static func apply(_ m: InlineArray<5, V>) -> InlineArray<4, V> {
        let a = V.sum(m[0], m[1])
        let b = V.difference(m[0], m[1])
        let d = V.sum(m[2], m[3])
        let e = V.difference(m[2], m[3])
        return [
            V.sum(a, d),
            V.muladd(c(root), b, V.product(c(half), e)),
            V.muladd(c(2), a, V.product(c(0.5), d)),
            V.muladd(c(2 * root), b, V.muladd(c(half / 2), e, m[4])),
        ]
    }
}

/// [1 1 1 1 1 0; 0 s −s h −h 1]
enum OutputF25<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    static var makesOutputs: Bool { true }
    @inline(__always) static func apply(_ m: InlineArray<6, V>) -> InlineArray<2, V> {
        let b = V.difference(m[1], m[2])
        let e = V.difference(m[3], m[4])
        return [
            V.sum(m[0], V.sum(V.sum(m[1], m[2]), V.sum(m[3], m[4]))),
            V.muladd(c(root), b, V.muladd(c(half), e, m[5])),
        ]
    }
}

/// [1 0 0; 1/2 1/2 1/2; 1/2 −1/2 1/2; 0 0 1]
enum WeightF23<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ g: InlineArray<3, V>) -> InlineArray<4, V> {
        let t = V.product(c(0.5), V.sum(g[0], g[2]))
        let q = V.product(c(0.5), g[1])
        return [g[0], V.sum(t, q), V.difference(t, q), g[2]]
    }
}

/// [1 0 0; 1/6 s/6 1/3; 1/6 −s/6 1/3; −2/3 −s/3 −1/3; −2/3 s/3 −1/3; 0 0 1]
enum WeightF43<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ g: InlineArray<3, V>) -> InlineArray<6, V> {
        let t = V.muladd(c(1.0 / 6), g[0], V.product(c(1.0 / 3), g[2]))
        let q = V.product(c(root / 6), g[1])
        let r = V.muladd(c(-2.0 / 3), g[0], V.product(c(-1.0 / 3), g[2]))
        let u = V.product(c(root / 3), g[1])
        return [
            g[0], V.sum(t, q), V.difference(t, q), V.difference(r, u), V.sum(r, u), g[2],
        ]
    }
}

/// [s/6 1/3; −s/6 1/3; −s/3 −1/3; s/3 −1/3; 0 1]
enum WeightF42<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ g: InlineArray<2, V>) -> InlineArray<5, V> {
        let t = V.product(c(1.0 / 3), g[1])
        let q = V.product(c(root / 6), g[0])
        let u = V.product(c(root / 3), g[0])
        return [
            V.sum(t, q), V.difference(t, q), V.difference(V.zero, V.sum(t, u)),
            V.difference(u, t), g[1],
        ]
    }
}

/// [1 0 0 0 0; 1/6 s/6 1/3 s/3 2/3; 1/6 −s/6 1/3 −s/3 2/3; −2/3 −s/3 −1/3 −s/6 −1/6;
///  −2/3 s/3 −1/3 s/6 −1/6; 0 0 0 0 1]
enum WeightF25<V: KernelVector>: WinogradMatrix {
    typealias Vector = V
    @inline(__always) static func apply(_ g: InlineArray<5, V>) -> InlineArray<6, V> {
        let third = V.product(c(1.0 / 3), g[2])
        let t = V.muladd(c(1.0 / 6), g[0], V.muladd(c(2.0 / 3), g[4], third))
        let q = V.muladd(c(root / 6), g[1], V.product(c(root / 3), g[3]))
        let r = V.muladd(c(2.0 / 3), g[0], V.muladd(c(1.0 / 6), g[4], third))
        let u = V.muladd(c(root / 3), g[1], V.product(c(root / 6), g[3]))
        return [
            g[0], V.sum(t, q), V.difference(t, q),
            V.difference(V.zero, V.sum(r, u)), V.difference(u, r), g[4],
        ]
    }
}
