// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Winograd's transforms of one dimension, with lanes that are independent of each other.
///
/// Six points are 0, ±√2, ±1/√2 and ∞, four are 0, ±1 and ∞; the matrices stand beside each function,
/// with s = √2 and h = √2/2. All were checked against direct sums in exact arithmetic.
enum WinogradTransforms<V: KernelVector> {
    typealias Scalar = V.Scalar
    typealias Two = InlineArray<2, V>
    typealias Four = InlineArray<4, V>
    typealias Six = InlineArray<6, V>

    static func run(_ step: WinogradStep, _ o: TransformOperands<Scalar>) -> Bool {
        switch step {
        case .copy: return copy(o)
        case .input4: return input4(o)
        case .input6: return input6(o)
        case .outputF23: return outputF23(o)
        case .outputF43: return outputF43(o)
        case .outputF25: return outputF25(o)
        case .weightF23: return weightF23(o)
        case .weightF43: return weightF43(o)
        case .weightF25: return weightF25(o)
        }
    }

    @inline(never) private static func copy(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: true) { (x: InlineArray<1, V>) in x }
    }

    /// [1 0 −1 0; 0 1 1 0; 0 −1 1 0; 0 −1 0 1]
    @inline(never) private static func input4(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: false) { (x: Four) -> Four in
            [
                V.difference(x[0], x[2]), V.sum(x[1], x[2]), V.difference(x[2], x[1]),
                V.difference(x[3], x[1]),
            ]
        }
    }

    /// [1 0 −5/2 0 1 0; 0 −h −1/2 s 1 0; 0 h −1/2 −s 1 0; 0 −s −2 h 1 0; 0 s −2 −h 1 0; 0 1 0 −5/2 0 1]
    @inline(never) private static func input6(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: false) { (x: Six) -> Six in
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
    @inline(never) private static func outputF23(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: true) { (m: Four) -> Two in
            [
                V.sum(m[0], V.sum(m[1], m[2])),
                V.sum(V.difference(m[1], m[2]), m[3]),
            ]
        }
    }

    /// [1 1 1 1 1 0; 0 s −s h −h 0; 0 2 2 1/2 1/2 0; 0 2s −2s h/2 −h/2 1]
    @inline(never) private static func outputF43(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: true) { (m: Six) -> Four in
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

    /// [1 1 1 1 1 0; 0 s −s h −h 1]
    @inline(never) private static func outputF25(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: true) { (m: Six) -> Two in
            let b = V.difference(m[1], m[2])
            let e = V.difference(m[3], m[4])
            return [
                V.sum(m[0], V.sum(V.sum(m[1], m[2]), V.sum(m[3], m[4]))),
                V.muladd(c(root), b, V.muladd(c(half), e, m[5])),
            ]
        }
    }

    /// [1 0 0; 1/2 1/2 1/2; 1/2 −1/2 1/2; 0 0 1]
    @inline(never) private static func weightF23(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: false) { (g: InlineArray<3, V>) -> Four in
            let t = V.product(c(0.5), V.sum(g[0], g[2]))
            let q = V.product(c(0.5), g[1])
            return [g[0], V.sum(t, q), V.difference(t, q), g[2]]
        }
    }

    /// [1 0 0; 1/6 s/6 1/3; 1/6 −s/6 1/3; −2/3 −s/3 −1/3; −2/3 s/3 −1/3; 0 0 1]
    @inline(never) private static func weightF43(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: false) { (g: InlineArray<3, V>) -> Six in
            let t = V.muladd(c(1.0 / 6), g[0], V.product(c(1.0 / 3), g[2]))
            let q = V.product(c(root / 6), g[1])
            let r = V.muladd(c(-2.0 / 3), g[0], V.product(c(-1.0 / 3), g[2]))
            let u = V.product(c(root / 3), g[1])
            return [
                g[0], V.sum(t, q), V.difference(t, q), V.difference(r, u), V.sum(r, u), g[2],
            ]
        }
    }

    /// [1 0 0 0 0; 1/6 s/6 1/3 s/3 2/3; 1/6 −s/6 1/3 −s/3 2/3; −2/3 −s/3 −1/3 −s/6 −1/6;
    ///  −2/3 s/3 −1/3 s/6 −1/6; 0 0 0 0 1]
    @inline(never) private static func weightF25(_ o: TransformOperands<Scalar>) -> Bool {
        each(o, adds: false) { (g: InlineArray<5, V>) -> Six in
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

    /// Every row, every vector. `adds` is a constant where it is inlined.
    @inline(__always) private static func each<let I: Int, let O: Int>(
        _ o: TransformOperands<Scalar>, adds: Bool,
        _ step: (InlineArray<I, V>) -> InlineArray<O, V>
    ) -> Bool {
        var offsets = InlineArray<I, Int>(repeating: 0)
        for i in 0..<I { offsets[i] = o.offsets[i] }
        let addend = V(repeating: o.addend)
        var check = V.zero
        for row in 0..<o.rows {
            var from = o.from + row * o.fromPitch
            var panel = o.to + row * o.toPitch
            var column = o.column, width = o.width, wide = o.widePanels
            for _ in 0..<o.vectors {
                var x = InlineArray<I, V>(repeating: .zero)
                for i in 0..<I { x[i] = load(from + offsets[i]) }
                let y = step(x)
                let to = panel + column * V.scalarCount
                for j in 0..<O {
                    if adds {
                        let sum = V.sum(y[j], addend)
                        check = V.muladd(V.zero, sum, check)
                        store(sum, to + j * o.toStride)
                    } else {
                        store(y[j], to + j * o.toStride)
                    }
                }
                from += V.scalarCount
                column += 1
                if column == width {
                    column = 0
                    panel += o.panelStride
                    wide -= 1
                    if wide == 0 { width -= 1 }
                }
            }
        }
        return !adds || isZero(check)
    }

    /// 0 · x is 0 for every x but infinities and NaN, which make NaN.
    @inline(__always) private static func isZero(_ v: V) -> Bool {
        var isZero = true
        for i in 0..<V.scalarCount where v[i] != 0 { isZero = false }
        return isZero
    }

    @inline(__always) private static func c(_ value: Double) -> V { V(repeating: Scalar(value)) }
    @inline(__always) private static var root: Double { 1.4142135623730951 }
    @inline(__always) private static var half: Double { 0.7071067811865476 }
}
