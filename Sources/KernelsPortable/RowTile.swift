// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A window of `K` rows that moves `S` rows from one output row to the next; K = 0: any number of rows,
/// but no fewer than the tile has, one at a time.
enum Window<let K: Int, let S: Int> {}

/// Whether windows may look across the ends of a row, where the vectors are masked: 1, or 0. A single row has
/// little else to do at a tap than to ask, so tiles that need not ask are compiled without the question.
enum Ends<let B: Int> {}

/// `R` output rows by `N` vectors of one channel in registers.
///
/// A vector of the input is loaded once and used for every row whose window it is in:
///
///     input row i  ->  output rows r with 0 <= i − r·S < K, there with the tap's row i − r·S
///
/// Never inlined, for the reason given at ``Tile``.
enum RowTile<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = InlineArray<R, InlineArray<N, V>>
    typealias Columns = InlineArray<N, Int>

    /// Rows `t ..< t + R` at the columns `x`, to `output`.
    @inline(never) static func sum<let K: Int, let S: Int, let B: Int>(
        _ o: RowOperands<Scalar>, row t: Int, columns x: Columns, _: Window<K, S>.Type,
        _: Ends<B>.Type,
        output: UnsafeMutablePointer<Scalar>, pitch: Int
    ) {
        var rows = UnsafePointer(o.rows) + t * S
        var weights = o.weights
        let window = o.window
        let taps = K == 0 ? window.taps : K
        let low = max(R - 1, o.inside.lowerBound - t), high = min(taps, o.inside.upperBound - t)
        var left = o.planes * window.columnCount, column = 0
        var sums = Registers(repeating: .init(repeating: .init(repeating: o.start)))
        var accumulate = false
        repeat {
            var some = min(left, window.chunk)
            left -= some
            while some > 0 {
                let run = min(some, window.columnCount - column)
                for j in column..<column + run {
                    let source = Source<0>(rows, window.columns[j], x)
                    let w = Weights(first: weights + j, pitch: window.columnCount)
                    if B == 0 || source.isWithin(o.border) {
                        if K == 0 {
                            any(&sums, source, w, taps, low, high)
                        } else {
                            fixed(&sums, source, w, Window<K, S>.self)
                        }
                    } else {
                        let source = Source<1>(source, o.border)
                        if K == 0 {
                            any(&sums, source, w, taps, low, high)
                        } else {
                            fixed(&sums, source, w, Window<K, S>.self)
                        }
                    }
                }
                some -= run
                column += run
                if column == window.columnCount {
                    column = 0
                    rows += o.planePitch
                    weights += taps * window.columnCount
                }
            }
            finish(sums, output, pitch, x, accumulate)
            if left > 0 {
                accumulate = true
                sums = Registers(repeating: .init(repeating: .zero))
            }
        } while left > 0
    }

    /// One column of taps, all of it unrolled. Two rows apart, even rows of the input meet even rows of taps
    /// only and odd ones odd ones: two sums whose rows are one apart.
    @inline(__always) private static func fixed<let K: Int, let S: Int, let B: Int>(
        _ sums: inout Registers, _ source: Source<B>, _ weights: Weights, _: Window<K, S>.Type
    ) {
        phase(&sums, source, weights, 0, Window<K, S>.self)
        if S == 2 { phase(&sums, source, weights, 1, Window<K, S>.self) }
    }

    /// Up to ten rows of the input, by name: of a loop with this much in it LLVM unrolls nothing.
    @inline(__always) private static func phase<let K: Int, let S: Int, let B: Int>(
        _ sums: inout Registers, _ source: Source<B>, _ weights: Weights, _ phase: Int,
        _ window: Window<K, S>.Type
    ) {
        turn(&sums, source, weights, phase, 0, window)
        turn(&sums, source, weights, phase, 1, window)
        turn(&sums, source, weights, phase, 2, window)
        turn(&sums, source, weights, phase, 3, window)
        turn(&sums, source, weights, phase, 4, window)
        turn(&sums, source, weights, phase, 5, window)
        turn(&sums, source, weights, phase, 6, window)
        turn(&sums, source, weights, phase, 7, window)
        turn(&sums, source, weights, phase, 8, window)
        turn(&sums, source, weights, phase, 9, window)
    }

    /// Row `i` of a phase, with the rows of taps that meet it, if there are any.
    @inline(__always) private static func turn<let K: Int, let S: Int, let B: Int>(
        _ sums: inout Registers, _ source: Source<B>, _ weights: Weights, _ phase: Int, _ i: Int,
        _: Window<K, S>.Type
    ) {
        let taps = (K - phase + S - 1) / S
        if i >= R - 1 + taps { return }
        let values = source.row(i * S + phase)
        for r in 0..<R where i - r >= 0 && i - r < taps {
            let w = weights[(i - r) * S + phase]
            for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
        }
    }

    /// One column of at least R taps: a run-up in which the rows begin one after the other, a middle in
    /// which all of them take part, and a run-out. Outside of `low ..< high` the middle is all padding.
    @inline(__always) private static func any<let B: Int>(
        _ sums: inout Registers, _ source: Source<B>, _ weights: Weights, _ taps: Int, _ low: Int,
        _ high: Int
    ) {
        for i in 0..<R - 1 {
            let values = source.row(i)
            for r in 0..<R where r <= i {
                let w = weights[i - r]
                for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
            }
        }
        var i = low
        var w = weights.first + low * weights.pitch
        while i < high {
            let values = source.row(i)
            for r in 0..<R {
                let w = V(repeating: w[-r * weights.pitch])
                for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
            }
            i += 1
            w += weights.pitch
        }
        for i in 0..<R - 1 {
            let values = source.row(taps + i)
            for r in 0..<R where r > i {
                let w = weights[taps + i - r]
                for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
            }
        }
    }

    /// A column of taps.
    private struct Weights {
        let first: UnsafePointer<Scalar>
        let pitch: Int

        @inline(__always) subscript(i: Int) -> V { V(repeating: first[i * pitch]) }
    }

    /// Where a column of taps finds its vectors; B = 1: across the border, where they are masked.
    private struct Source<let B: Int> {
        let rows: UnsafePointer<UnsafePointer<Scalar>>
        let column: Int
        let x: Columns
        var masks = InlineArray<N, V>(repeating: .zero)

        @inline(__always) init(
            _ rows: UnsafePointer<UnsafePointer<Scalar>>, _ column: Int, _ x: Columns
        ) {
            (self.rows, self.column, self.x) = (rows, column, x)
        }

        @inline(__always) init(_ plain: Source<0>, _ border: RowBorder<Scalar>) {
            (rows, column, x) = (plain.rows, plain.column, plain.x)
            for n in 0..<N { masks[n] = border.mask(x[n] + column, pace: 1, V.self) }
        }

        @inline(__always) func isWithin(_ border: RowBorder<Scalar>) -> Bool {
            border.holds(x[0] + column, x[N - 1] + column + V.scalarCount - 1)
        }

        @inline(__always) func row(_ i: Int) -> InlineArray<N, V> {
            let row = rows[i] + column
            var values = InlineArray<N, V>(repeating: .zero)
            for n in 0..<N {
                values[n] = load(row + x[n])
                if B == 1 { values[n] = V.masked(values[n], masks[n]) }
            }
            return values
        }
    }

    /// Columns may overlap: what is added to is read before anything of the row is written.
    @inline(__always) private static func finish(
        _ sums: Registers, _ output: UnsafeMutablePointer<Scalar>, _ pitch: Int, _ x: Columns,
        _ accumulate: Bool
    ) {
        if accumulate {
            for r in 0..<R {
                var row = InlineArray<N, V>(repeating: .zero)
                for n in 0..<N { row[n] = V.sum(load(output + r * pitch + x[n]), sums[r][n]) }
                for n in 0..<N { store(row[n], output + r * pitch + x[n]) }
            }
        } else {
            for r in 0..<R {
                for n in 0..<N { store(sums[r][n], output + r * pitch + x[n]) }
            }
        }
    }
}

extension RowBorder {
    /// The lanes of a vector that lie inside, where its first is at `first` and the next ones are `pace` apart.
    @inline(__always) func mask<V: KernelVector>(_ first: Int, pace: Int, _: V.Type) -> V
    where V.Scalar == Scalar {
        let lanes = V.scalarCount
        let ahead = max(-lanes, min(0, -((inside.lowerBound - first + pace - 1) / pace)))
        let over = min(lanes, max(0, lanes - (inside.upperBound - first + pace - 1) / pace))
        return load(mask.unsafelyUnwrapped + (lanes + ahead + over))
    }

    /// Whether all columns from `first` to `last` are inside.
    @inline(__always) func holds(_ first: Int, _ last: Int) -> Bool {
        first >= inside.lowerBound && last < inside.upperBound
    }
}
