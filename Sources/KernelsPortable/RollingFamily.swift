// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The tiles that cover a band from left to right, each from the top down. The last vectors of a row are moved back over
/// those before them, so that none is ragged.
enum RollingFamily<V: KernelVector> {
    typealias Scalar = V.Scalar

    /// The largest side of a window that is faster here than in ``RowFamily``. On AVX2, whose sixteen registers are too
    /// few for sums and weights, 5x5 taps take 1.7 times as long here.
    #if AVX512
    static var side: Int { 5 }
    #else
    static var side: Int { 3 }
    #endif

    /// One plane of each image; all of the sums in one order, whatever the band.
    static func sum(_ o: RowOperands<Scalar>) {
        switch (o.window.step, o.window.taps) {
        case (2, 3): cover(o, Window<3, 2>.self)
        case (1, 3): cover(o, Window<3, 1>.self)
        #if AVX512
        case (2, 5): cover(o, Window<5, 2>.self)
        case (1, 5): cover(o, Window<5, 1>.self)
        #endif
        default: fatalError("a window of \(o.window.taps) rows does not roll")
        }
    }

    /// Rows are never made here.
    @inline(__always) private static func cover<let K: Int, let S: Int>(
        _ operands: RowOperands<Scalar>, _ window: Window<K, S>.Type
    ) {
        operands.forEachPlane { _ in
        } sum: {
            plane($0, window)
        }
    }

    /// The next image's plane is asked for meanwhile.
    @inline(__always) private static func plane<let K: Int, let S: Int>(
        _ o: RowOperands<Scalar>, _ window: Window<K, S>.Type
    ) {
        let lanes = V.scalarCount
        var ahead = o.rows[o.moving.lowerBound] + (o.images > 1 ? o.imagePitch : 0)
        var x = 0
        while K == 3 && x + lanes < o.output.width {
            tile(o, x, &ahead, window, RollingTile<V, 2>.self)
            x += 2 * lanes
        }
        while x < o.output.width {
            tile(o, x, &ahead, window, RollingTile<V, 1>.self)
            x += lanes
        }
    }

    @inline(__always) private static func tile<let K: Int, let S: Int, let N: Int>(
        _ o: RowOperands<Scalar>, _ x: Int, _ ahead: inout UnsafePointer<Scalar>,
        _ window: Window<K, S>.Type, _: RollingTile<V, N>.Type
    ) {
        let lanes = V.scalarCount, taps = o.window.columns
        var columns = InlineArray<N, Int>(repeating: 0)
        for n in 0..<N { columns[n] = min(x + n * lanes, o.output.width - lanes) }
        let first = S * columns[0] + taps[0]
        let last = S * (columns[N - 1] + lanes - 1) + taps[K - 1]
        if o.border.mask == nil || o.border.holds(first, last) {
            RollingTile<V, N>.sum(o, columns: columns, ahead: &ahead, window, Ends<0>.self)
        } else {
            RollingTile<V, N>.sum(o, columns: columns, ahead: &ahead, window, Ends<1>.self)
        }
    }
}
