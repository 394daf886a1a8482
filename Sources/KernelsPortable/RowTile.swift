// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A window of `K` rows that moves `S` rows from one output row to the next; K = 0: any number of rows,
/// but no fewer than the tile has, one at a time.
enum Window<let K: Int, let S: Int> {}

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
    @inline(never) static func sum<let K: Int, let S: Int>(
        _ o: RowOperands<Scalar>, row t: Int, columns x: Columns, _: Window<K, S>.Type,
        output: UnsafeMutablePointer<Scalar>, pitch: Int
    ) {
        var rows = o.rows + t * S
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
                    if K == 0 {
                        any(
                            &sums, rows, window.columns[j], x, weights + j, window.columnCount,
                            taps,
                            low, high)
                    } else {
                        fixed(
                            &sums, rows, window.columns[j], x, weights + j, window.columnCount,
                            Window<K, S>.self)
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
    @inline(__always) private static func fixed<let K: Int, let S: Int>(
        _ sums: inout Registers, _ rows: UnsafePointer<UnsafePointer<Scalar>>, _ column: Int,
        _ x: Columns, _ weights: UnsafePointer<Scalar>, _ pitch: Int, _: Window<K, S>.Type
    ) {
        for phase in 0..<S {
            let taps = (K - phase + S - 1) / S
            for i in 0..<R - 1 + taps {
                let values = vectors(rows[i * S + phase] + column, x)
                for r in 0..<R where i - r >= 0 && i - r < taps {
                    let w = V(repeating: weights[((i - r) * S + phase) * pitch])
                    for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
                }
            }
        }
    }

    /// One column of at least R taps: a run-up in which the rows begin one after the other, a middle in
    /// which all of them take part, and a run-out. Outside of `low ..< high` the middle is all padding.
    @inline(__always) private static func any(
        _ sums: inout Registers, _ rows: UnsafePointer<UnsafePointer<Scalar>>, _ column: Int,
        _ x: Columns, _ weights: UnsafePointer<Scalar>, _ pitch: Int, _ taps: Int,
        _ low: Int, _ high: Int
    ) {
        for i in 0..<R - 1 {
            let values = vectors(rows[i] + column, x)
            for r in 0..<R where r <= i {
                let w = V(repeating: weights[(i - r) * pitch])
                for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
            }
        }
        var i = low
        var w = weights + low * pitch
        while i < high {
            let values = vectors(rows[i] + column, x)
            for r in 0..<R {
                let w = V(repeating: w[-r * pitch])
                for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
            }
            i += 1
            w += pitch
        }
        let last = weights + taps * pitch
        for i in 0..<R - 1 {
            let values = vectors(rows[taps + i] + column, x)
            for r in 0..<R where r > i {
                let w = V(repeating: last[(i - r) * pitch])
                for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
            }
        }
    }

    @inline(__always) private static func vectors(
        _ row: UnsafePointer<Scalar>, _ x: Columns
    ) -> InlineArray<N, V> {
        var values = InlineArray<N, V>(repeating: .zero)
        for n in 0..<N { values[n] = load(row + x[n]) }
        return values
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
