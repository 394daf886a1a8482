// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// Whether rows of B are masked: 1, or 0.
enum Masked<let M: Int> {}

/// A tile that makes its panel of B on the way.
///
/// The vectors that the first tile of a panel multiplies are stored for the tiles that follow: packing takes no
/// pass of its own, and what it waits for is hidden behind multiply-adds. The sums are those of
/// ``Tile/packed(_:_:)``, to the bit.
extension Tile {
    @inline(never) static func gathering<let P: Int, let M: Int>(
        _ o: TileOperands<Scalar>, _ g: ColumnRows<Scalar>, _: Panel<P>.Type, _: Masked<M>.Type
    ) {
        var t = start(o.bias)
        prefetch(o.c, o.ldc)
        var a = o.a, panel = g.panel
        for k in 0..<o.depth {
            step(&t, a, gather(g, k, panel, Masked<M>.self))
            a += R
            panel += P * V.scalarCount
        }
        finish(t, o.c, o.ldc, o.accumulate, tail: o.tail)
    }

    /// The panel alone.
    @inline(never) static func gathering<let P: Int, let M: Int>(
        _ g: ColumnRows<Scalar>, _: Panel<P>.Type, _: Masked<M>.Type
    ) {
        var panel = g.panel
        for k in 0..<g.depth {
            _ = gather(g, k, panel, Masked<M>.self)
            panel += P * V.scalarCount
        }
    }

    /// Row k of B, on its way into the panel.
    @inline(__always) private static func gather<let M: Int>(
        _ g: ColumnRows<Scalar>, _ k: Int, _ panel: UnsafeMutablePointer<Scalar>, _: Masked<M>.Type
    ) -> InlineArray<N, V> {
        let values = g.rows[k].values + g.column, mask = g.rows[k].mask + g.column
        let ahead = g.rows[k + ColumnRows<Scalar>.rowsAhead].values + g.column
        var row = InlineArray<N, V>(repeating: .zero)
        for j in 0..<N {
            let from = j * V.scalarCount
            lanes_prefetch(ahead + from)
            row[j] = load(values + from)
            if M == 1 { row[j] = V.masked(row[j], load(mask + from)) }
            store(row[j], panel + from)
        }
        return row
    }
}
