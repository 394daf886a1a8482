// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Sums over channels at one frequency: `O` outputs by `N` vectors of points, held in registers as real
/// and imaginary parts: 2 x 3 x 2 = 12 of sixteen registers, 4 x 3 x 2 = 24 of thirty-two.
enum SpectrumProducts<V: KernelVector, let O: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Sums = InlineArray<O, InlineArray<N, V>>

    /// c <- Σ_k conj(a[k]) · b[k] (+ c)
    @inline(never) static func multiply(_ o: SpectrumTile<Scalar>) {
        var re = Sums(repeating: .init(repeating: .zero))
        var im = Sums(repeating: .init(repeating: .zero))
        let (pitchA, pitchB) = (o.pitches.a, o.pitches.b)
        var a = o.a, b = o.b
        for _ in 0..<o.depth {
            var x = InlineArray<N, V>(repeating: .zero), y = InlineArray<N, V>(repeating: .zero)
            for j in 0..<N {
                x[j] = load(b + 2 * j * V.scalarCount)
                y[j] = load(b + (2 * j + 1) * V.scalarCount)
            }
            for r in 0..<O {
                let c = V(repeating: a[r]), s = V(repeating: a[V.scalarCount + r])
                for j in 0..<N {
                    re[r][j] = V.muladd(s, y[j], V.muladd(c, x[j], re[r][j]))
                    im[r][j] = V.negmuladd(s, x[j], V.muladd(c, y[j], im[r][j]))
                }
            }
            a += pitchA
            b += pitchB
        }
        for r in 0..<O { finish(re[r], im[r], o.c + r * o.pitches.c, o.accumulate) }
    }

    @inline(__always) private static func finish(
        _ re: InlineArray<N, V>, _ im: InlineArray<N, V>, _ c: UnsafeMutablePointer<Scalar>,
        _ accumulate: Bool
    ) {
        for j in 0..<N {
            let p = c + 2 * j * V.scalarCount
            let sum = FourierPoint(re[j], im[j])
            (accumulate ? FourierPoint(at: p) + sum : sum).stored(at: p)
        }
    }
}

extension SpectrumProducts {
    /// The tile that has as many vectors as are asked for, 1 ... N with N <= 3.
    static func multiplySome(_ o: SpectrumTile<Scalar>) {
        if o.vectors == N {
            SpectrumProducts<V, O, N>.multiply(o)
        } else if o.vectors == 2 {
            SpectrumProducts<V, O, 2>.multiply(o)
        } else {
            SpectrumProducts<V, O, 1>.multiply(o)
        }
    }
}
