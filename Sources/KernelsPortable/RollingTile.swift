// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// `N` vectors of every row of a band, from the top down: a window of 3x3 or 5x5 taps rolls over the rows of a plane,
/// and each row of the input is loaded once for all the outputs that look at it.
///
///     step t:  rows t·S ..< t·S + S of the input  ->  output t − k with the tap's row k·S + (row − t·S), k = 0 ..< M
///              output t − M + 1 is complete
///
/// with M = ⌈K / S⌉ sums in registers for each vector. A sum runs over rows of taps, in each over its columns. At the
/// top and the end of the band some of the M outputs do not exist and are not stored.
///
/// *Registers*: M · N sums, N vectors of the input, one weight or, of a 3x3 window, all nine. With N = 4 AVX-512 had too
/// few of them, with K = 5 and N = 2 too.
///
/// Everything is named one by one, as in ``RowTile``. Never inlined, for the reason given at ``Tile``.
enum RollingTile<V: KernelVector, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Vectors = InlineArray<N, V>
    typealias Columns = InlineArray<N, Int>

    /// All rows at the columns `x`. What lies at `ahead`, as much as is read here for the first time, is asked for on
    /// the way: from the top down no prefetcher sees the next plane coming.
    @inline(never) static func sum<let K: Int, let S: Int, let B: Int>(
        _ o: RowOperands<Scalar>, columns x: Columns, ahead: inout UnsafePointer<Scalar>,
        _: Window<K, S>.Type, _: Ends<B>.Type
    ) {
        let source = Source<K, S, B>(o, x), weights = Weights<K>(o.weights)
        let start = Vectors(repeating: V(repeating: o.start))
        let last = (K - 1) / S, rows = (o.output.count - 1) * S + K - 1
        var sums = InlineArray<5, Vectors>(repeating: start), output = o.output.first
        for t in 0..<o.output.count + last {
            for n in 0..<S * S * N { lanes_prefetch_far(ahead + n * V.scalarCount) }
            ahead += S * S * N * V.scalarCount
            source.phase(&sums, o.rows[t * S], weights, 0)
            if S == 2 { source.phase(&sums, o.rows[min(t * S + 1, rows)], weights, 1) }
            if t >= last {
                for n in 0..<N { store(sums[last][n], output + x[n]) }
                output += o.output.pitch
            }
            if last == 4 { (sums[4], sums[3]) = (sums[3], sums[2]) }
            if last >= 2 { sums[2] = sums[1] }
            sums[1] = sums[0]
            sums[0] = start
        }
    }

    /// Taps, each in all lanes: from memory or, where registers are enough, held.
    private struct Weights<let K: Int> {
        let first: UnsafePointer<Scalar>
        var held = InlineArray<9, V>(repeating: .zero)

        @inline(__always) init(_ first: UnsafePointer<Scalar>) {
            self.first = first
            if K == 3 { for i in 0..<9 { held[i] = V(repeating: first[i]) } }
        }

        @inline(__always) subscript(i: Int, j: Int) -> V {
            K == 3 ? held[3 * i + j] : V(repeating: first[K * i + j])
        }
    }

    /// Where taps find their vectors; B = 1: across the border, where they are masked.
    private struct Source<let K: Int, let S: Int, let B: Int> {
        let x: Columns
        let column: Int
        let apart: Int
        var masks = InlineArray<K, Vectors>(repeating: .init(repeating: .zero))

        @inline(__always) init(_ o: RowOperands<Scalar>, _ x: Columns) {
            self.x = x
            column = o.window.columns[0]
            apart = o.window.columns[1] - column
            if B == 1 {
                for j in 0..<K {
                    for n in 0..<N {
                        masks[j][n] = o.border.mask(
                            S * x[n] + column + j * apart, pace: S, V.self)
                    }
                }
            }
        }

        /// What a row of the input adds to the sums: it is the first of a step, or the second.
        @inline(__always) func phase(
            _ sums: inout InlineArray<5, Vectors>, _ row: UnsafePointer<Scalar>,
            _ weights: Weights<K>, _ phase: Int
        ) {
            if S == 1 {
                column(&sums, masked(values(row, 0), 0), weights, phase, 0)
                column(&sums, masked(values(row, 1), 1), weights, phase, 1)
                column(&sums, masked(values(row, 2), 2), weights, phase, 2)
                if K == 5 {
                    column(&sums, masked(values(row, 3), 3), weights, phase, 3)
                    column(&sums, masked(values(row, 4), 4), weights, phase, 4)
                }
            } else {
                let (a, b) = halves(row, 0)
                column(&sums, masked(a, 0), weights, phase, 0)
                column(&sums, masked(b, 1), weights, phase, 1)
                let (c, d) = halves(row, 2)
                column(&sums, masked(c, 2), weights, phase, 2)
                if K == 5 {
                    column(&sums, masked(d, 3), weights, phase, 3)
                    column(&sums, masked(halves(row, 4).0, 4), weights, phase, 4)
                }
            }
        }

        @inline(__always) private func column(
            _ sums: inout InlineArray<5, Vectors>, _ values: Vectors, _ weights: Weights<K>,
            _ phase: Int, _ j: Int
        ) {
            add(&sums[0], values, weights[phase, j])
            if S + phase < K { add(&sums[1], values, weights[S + phase, j]) }
            if 2 * S + phase < K { add(&sums[2], values, weights[2 * S + phase, j]) }
            if 3 * S + phase < K { add(&sums[3], values, weights[3 * S + phase, j]) }
            if 4 * S + phase < K { add(&sums[4], values, weights[4 * S + phase, j]) }
        }

        @inline(__always) private func add(_ sums: inout Vectors, _ values: Vectors, _ w: V) {
            for n in 0..<N { sums[n] = V.muladd(w, values[n], sums[n]) }
        }

        @inline(__always) private func values(_ row: UnsafePointer<Scalar>, _ j: Int) -> Vectors {
            let from = row + (column + j * apart)
            var values = Vectors(repeating: .zero)
            for n in 0..<N { values[n] = load(from + x[n]) }
            return values
        }

        /// Columns j and j + 1 of windows two apart are the halves of the same two vectors.
        @inline(__always) private func halves(
            _ row: UnsafePointer<Scalar>, _ j: Int
        ) -> (Vectors, Vectors) {
            let from = row + (column + j)
            var evens = Vectors(repeating: .zero), odds = evens
            for n in 0..<N {
                let a: V = load(from + 2 * x[n]), b: V = load(from + 2 * x[n] + V.scalarCount)
                evens[n] = V.evens(a, b)
                odds[n] = V.odds(a, b)
            }
            return (evens, odds)
        }

        @inline(__always) private func masked(_ values: Vectors, _ j: Int) -> Vectors {
            if B == 0 { return values }
            var masked = values
            for n in 0..<N { masked[n] = V.masked(values[n], masks[j][n]) }
            return masked
        }
    }
}
