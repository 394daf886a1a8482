// SPDX-License-Identifier: Apache-2.0

/// A complex number of each lane; all its arithmetic is a handful of instructions.
struct FourierPoint<V: KernelVector> {
    typealias Scalar = V.Scalar

    var re: V
    var im: V

    @inline(__always) init(_ re: V, _ im: V) {
        self.re = re
        self.im = im
    }

    /// The point that is stored at `p`.
    @inline(__always) init(at p: UnsafePointer<Scalar>) {
        re = load(p)
        im = load(p + V.scalarCount)
    }

    /// The point that is stored at `p`.
    @inline(__always) init(at p: UnsafeMutablePointer<Scalar>) { self.init(at: UnsafePointer(p)) }

    /// One number for all lanes.
    @inline(__always) init(repeating p: UnsafePointer<Scalar>) {
        re = V(repeating: p[0])
        im = V(repeating: p[1])
    }

    @inline(__always) func stored(at p: UnsafeMutablePointer<Scalar>) {
        store(re, p)
        store(im, p + V.scalarCount)
    }

    @inline(__always) static func + (_ a: Self, _ b: Self) -> Self {
        Self(V.sum(a.re, b.re), V.sum(a.im, b.im))
    }

    @inline(__always) static func - (_ a: Self, _ b: Self) -> Self {
        Self(V.difference(a.re, b.re), V.difference(a.im, b.im))
    }

    /// a · b
    @inline(__always) static func * (_ a: Self, _ b: Self) -> Self {
        Self(
            V.negmuladd(a.im, b.im, V.product(a.re, b.re)),
            V.muladd(a.im, b.re, V.product(a.re, b.im)))
    }

    /// a · conj(b)
    @inline(__always) func timesConjugate(of b: Self) -> Self {
        Self(
            V.muladd(im, b.im, V.product(re, b.re)), V.negmuladd(re, b.im, V.product(im, b.re)))
    }

    /// a + i·b
    @inline(__always) static func plusTurned(_ a: Self, _ b: Self) -> Self {
        Self(V.difference(a.re, b.im), V.sum(a.im, b.re))
    }

    /// a − i·b
    @inline(__always) static func minusTurned(_ a: Self, _ b: Self) -> Self {
        Self(V.sum(a.re, b.im), V.difference(a.im, b.re))
    }
}
