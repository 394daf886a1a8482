// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The tiles of one vector type: up to `N` vectors wide, and a single row for depthwise sums.
enum TileFamily<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar

    /// The tiles that have as many vectors as are asked for, 1 ... N with N <= 3.
    static func multiply(_ o: TileOperands<Scalar>) {
        var tile = o
        for _ in 0..<o.count {
            if o.lda > 0 { multiplyUnpacked(tile) } else { multiplyPacked(tile) }
            tile.a += R * (o.lda > 0 ? o.lda : o.depth)
            tile.c += R * o.ldc
            tile.bias = tile.bias.map { $0 + R }
        }
    }

    @inline(__always) private static func multiplyPacked(_ o: TileOperands<Scalar>) {
        if o.vectors == N {
            Tile<V, R, N>.packed(o, Panel<N>.self)
        } else if o.vectors == 2 {
            Tile<V, R, 2>.packed(o, Panel<N>.self)
        } else {
            Tile<V, R, 1>.packed(o, Panel<N>.self)
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

    /// `R` rows or one, `o.vectors` wide, piece by piece.
    static func slide(_ o: SlideOperands<Scalar>) {
        if o.rows == 1 { return slideOneRow(o) }
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
