// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The tiles that cover a band: `R` rows by `N` vectors, or single rows where there are fewer.
///
/// The last vectors of a row and the last rows of a band are moved back over those before them, so that
/// none is ragged; only a row shorter than a vector takes a way round.
enum RowFamily<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar

    /// Small windows are unrolled.
    static func sum(_ o: RowOperands<Scalar>) {
        switch (o.window.step, o.window.taps) {
        case (2, 3): choose(o, Window<3, 2>.self)
        case (2, 5): choose(o, Window<5, 2>.self)
        case (2, 7): choose(o, Window<7, 2>.self)
        case (_, 1): choose(o, Window<1, 1>.self)
        case (_, 2): choose(o, Window<2, 1>.self)
        case (_, 3): choose(o, Window<3, 1>.self)
        case (_, 5): choose(o, Window<5, 1>.self)
        case (_, 7): choose(o, Window<7, 1>.self)
        default: choose(o, Window<0, 1>.self)
        }
    }

    @inline(__always) private static func choose<let K: Int, let S: Int>(
        _ o: RowOperands<Scalar>, _ window: Window<K, S>.Type
    ) {
        if o.border.mask == nil {
            cover(o, window, Ends<0>.self)
        } else {
            cover(o, window, Ends<1>.self)
        }
    }

    @inline(__always) private static func cover<let K: Int, let S: Int, let B: Int>(
        _ operands: RowOperands<Scalar>, _ window: Window<K, S>.Type, _ ends: Ends<B>.Type
    ) {
        operands.forEachPlane {
            Packing<V, R, N>.fillRows($0)
        } sum: {
            plane($0, window, ends)
        }
    }

    @inline(__always) private static func plane<let K: Int, let S: Int, let B: Int>(
        _ o: RowOperands<Scalar>, _ window: Window<K, S>.Type, _ ends: Ends<B>.Type
    ) {
        let count = o.output.count
        if count < R {
            for t in 0..<count { row(o, t, window, ends) }
            return
        }
        var t = 0
        while t < count {
            strip(o, min(t, count - R), window, ends)
            t += R
        }
    }

    /// `R` rows.
    @inline(__always) private static func strip<let K: Int, let S: Int, let B: Int>(
        _ o: RowOperands<Scalar>, _ t: Int, _ window: Window<K, S>.Type, _ ends: Ends<B>.Type
    ) {
        if o.output.width < V.scalarCount {
            return narrow(o, t, window, ends, RowTile<V, R, 1>.self)
        }
        var x = 0
        while x + (N - 1) * V.scalarCount < o.output.width {
            tile(o, t, x, window, ends, RowTile<V, R, N>.self)
            x += N * V.scalarCount
        }
        while x + V.scalarCount < o.output.width {
            tile(o, t, x, window, ends, RowTile<V, R, 2>.self)
            x += 2 * V.scalarCount
        }
        if x < o.output.width {
            tile(o, t, x, window, ends, RowTile<V, R, 1>.self)
            x += V.scalarCount
        }
    }

    /// One row needs eight sums at a time to hide the latency of a fused multiply-add.
    @inline(__always) private static func row<let K: Int, let S: Int, let B: Int>(
        _ o: RowOperands<Scalar>, _ t: Int, _ window: Window<K, S>.Type, _ ends: Ends<B>.Type
    ) {
        if o.output.width < V.scalarCount {
            return narrow(o, t, window, ends, RowTile<V, 1, 1>.self)
        }
        var x = 0
        while x + 7 * V.scalarCount < o.output.width {
            tile(o, t, x, window, ends, RowTile<V, 1, 8>.self)
            x += 8 * V.scalarCount
        }
        while x + 3 * V.scalarCount < o.output.width {
            tile(o, t, x, window, ends, RowTile<V, 1, 4>.self)
            x += 4 * V.scalarCount
        }
        while x < o.output.width {
            tile(o, t, x, window, ends, RowTile<V, 1, 1>.self)
            x += V.scalarCount
        }
    }

    @inline(__always)
    private static func tile<
        let K: Int, let S: Int, let B: Int, let Rows: Int, let Vectors: Int
    >(
        _ o: RowOperands<Scalar>, _ t: Int, _ x: Int, _ window: Window<K, S>.Type,
        _ ends: Ends<B>.Type,
        _: RowTile<V, Rows, Vectors>.Type
    ) {
        var columns = InlineArray<Vectors, Int>(repeating: 0)
        for n in 0..<Vectors {
            columns[n] = min(x + n * V.scalarCount, o.output.width - V.scalarCount)
        }
        RowTile<V, Rows, Vectors>.sum(
            o, row: t, columns: columns, window, ends, output: o.output.first + t * o.output.pitch,
            pitch: o.output.pitch)
    }

    /// Rows shorter than a vector come from `edge`. What a whole vector writes too much is written again
    /// by the next row, where rows follow each other; the last one of the band is copied with care.
    @inline(__always) private static func narrow<let K: Int, let S: Int, let B: Int, let Rows: Int>(
        _ o: RowOperands<Scalar>, _ t: Int, _ window: Window<K, S>.Type, _ ends: Ends<B>.Type,
        _: RowTile<V, Rows, 1>.Type
    ) {
        RowTile<V, Rows, 1>.sum(
            o, row: t, columns: InlineArray<1, Int>(repeating: 0), window, ends, output: o.edge,
            pitch: V.scalarCount)
        for r in 0..<Rows {
            let from = o.edge + r * V.scalarCount, to = o.output.first + (t + r) * o.output.pitch
            if o.output.pitch == o.output.width
                && (t + r) * o.output.width + V.scalarCount <= o.output.count * o.output.width
            {
                store(load(from) as V, to)
            } else {
                copy(from, to, o.output.width)
            }
        }
    }

    /// A loop of scalars that stays one: it has a handful of turns.
    @inline(never) private static func copy(
        _ from: UnsafePointer<Scalar>, _ to: UnsafeMutablePointer<Scalar>, _ count: Int
    ) {
        for i in 0..<count { to[i] = from[i] }
    }
}

extension RowOperands where Scalar: BinaryFloatingPoint {
    /// Image by image, channel by channel; what an operand becomes for the next one is all that is done between two
    /// channels, since on small maps their sums take no longer than a few calls. `images` are those that are left.
    @inline(__always) func forEachPlane(
        fill: (PaddedRows<Scalar>) -> Void, sum: (RowOperands) -> Void
    ) {
        var o = self, channel = 0
        let weights = planes * window.taps * window.columnCount
        while o.images > 0 {
            if let rows = o.fill {
                fill(rows)
                o.fill?.values += imagePitch
            }
            for _ in 0..<output.channels {
                if let starts { o.start = start + starts[channel] }
                sum(o)
                o.weights += weights
                o.output.first += output.channelPitch
                channel += 1
            }
            for i in moving { rows[i] += imagePitch }
            o.images -= 1
        }
    }
}
