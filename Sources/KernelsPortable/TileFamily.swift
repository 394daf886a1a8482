// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The tiles of one vector type: up to `N` vectors wide, and a single row for depthwise sums.
enum TileFamily<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar

    /// The tiles that have as many vectors as are asked for, 1 ... N with N <= 3.
    static func multiply(_ o: TileOperands<Scalar>) {
        var tile = o
        for i in 0..<o.count {
            if o.lda > 0 {
                multiplyUnpacked(tile)
            } else if let ahead = o.ahead, o.vectors == N, i < lines * Tile<V, R, N>.turn {
                tile.ahead = ahead + i % Tile<V, R, N>.turn
                tile.aheadColumn = o.aheadColumn + i / Tile<V, R, N>.turn * lineElements
                Tile<V, R, N>.packed(tile, Panel<N>.self, Ahead<1>.self)
            } else {
                multiplyPacked(tile)
            }
            tile.a += R * (o.lda > 0 ? o.lda : o.depth)
            tile.c += R * o.ldc
            tile.bias = tile.bias.map { $0 + R }
        }
    }

    /// Elements of a line of the caches, and lines that a row of a panel is in.
    private static var lineElements: Int { 64 / MemoryLayout<Scalar>.stride }
    private static var lines: Int { N * V.scalarCount / lineElements + 1 }

    @inline(__always) private static func multiplyPacked(_ o: TileOperands<Scalar>) {
        if o.vectors == N {
            Tile<V, R, N>.packed(o, Panel<N>.self, Ahead<0>.self)
        } else if o.vectors == 2 {
            Tile<V, R, 2>.packed(o, Panel<N>.self, Ahead<0>.self)
        } else {
            Tile<V, R, 1>.packed(o, Panel<N>.self, Ahead<0>.self)
        }
    }

    @inline(__always) private static func multiplyUnpacked(_ o: TileOperands<Scalar>) {
        if o.vectors == N {
            Tile<V, R, N>.unpacked(o, Panel<N>.self)
        } else if o.vectors == 2 {
            Tile<V, R, 2>.unpacked(o, Panel<N>.self)
        } else {
            Tile<V, R, 1>.unpacked(o, Panel<N>.self)
        }
    }

    /// One tile, as wide as `o` says.
    static func multiply(_ o: TileOperands<Scalar>, gathering g: ColumnRows<Scalar>) {
        if g.isMasked {
            multiply(o, g, Masked<1>.self)
        } else {
            multiply(o, g, Masked<0>.self)
        }
    }

    @inline(__always) private static func multiply<let M: Int>(
        _ o: TileOperands<Scalar>, _ g: ColumnRows<Scalar>, _: Masked<M>.Type
    ) {
        if o.vectors == N {
            Tile<V, R, N>.gathering(o, g, Panel<N>.self, Masked<M>.self)
        } else if o.vectors == 2 {
            Tile<V, R, 2>.gathering(o, g, Panel<N>.self, Masked<M>.self)
        } else {
            Tile<V, R, 1>.gathering(o, g, Panel<N>.self, Masked<M>.self)
        }
    }

    static func gather(_ g: ColumnRows<Scalar>) {
        if g.isMasked { gather(g, Masked<1>.self) } else { gather(g, Masked<0>.self) }
    }

    @inline(__always) private static func gather<let M: Int>(
        _ g: ColumnRows<Scalar>, _: Masked<M>.Type
    ) {
        if g.vectors == N {
            Tile<V, R, N>.gathering(g, Panel<N>.self, Masked<M>.self)
        } else if g.vectors == 2 {
            Tile<V, R, 2>.gathering(g, Panel<N>.self, Masked<M>.self)
        } else {
            Tile<V, R, 1>.gathering(g, Panel<N>.self, Masked<M>.self)
        }
    }

    /// `R` rows or one, `o.vectors` wide, piece by piece.
    static func slide(_ o: SlideOperands<Scalar>) {
        if o.rows == 1 { return slideOneRow(o) }
        var tile = o
        for _ in 0..<o.count {
            slideOneTile(tile)
            tile.a += R * o.depth
            tile.c += R * o.ldc
            tile.bias = tile.bias.map { $0 + R }
        }
    }

    @inline(__always) private static func slideOneTile(_ o: SlideOperands<Scalar>) {
        var done = 0
        while done < o.vectors {
            let left = o.vectors - done
            let column = done * V.scalarCount
            // Two tiles of two vectors are faster than one of three and one of one.
            if left >= N && left != N + 1 {
                Tile<V, R, N>.indirect(o, column: column)
                done += N
            } else if left >= 2 {
                Tile<V, R, 2>.indirect(o, column: column)
                done += 2
            } else {
                Tile<V, R, 1>.indirect(o, column: column)
                done += 1
            }
        }
    }

    /// One row needs eight sums at a time to hide the latency of a fused multiply-add.
    private static func slideOneRow(_ o: SlideOperands<Scalar>) {
        var done = 0
        while done < o.vectors {
            let left = o.vectors - done
            let column = done * V.scalarCount
            if left >= 8 {
                Tile<V, 1, 8>.indirect(o, column: column)
                done += 8
            } else if left >= 4 {
                Tile<V, 1, 4>.indirect(o, column: column)
                done += 4
            } else if left >= 2 {
                Tile<V, 1, 2>.indirect(o, column: column)
                done += 2
            } else {
                Tile<V, 1, 1>.indirect(o, column: column)
                done += 1
            }
        }
    }
}
