// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// `R` rows by `N` vectors of C in registers, as in ``Tile``, with the rows of A wherever their windows lie: a
/// value that is spread over a vector may come from any address, so that nothing is packed for it.
enum WindowTile<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = Tile<V, R, N>.Registers

    /// C <- A·B (+ C) with B in a panel of `P` vectors. Never inlined, as in ``Tile``. What the next tile reads is
    /// asked for meanwhile, a line of each row in turn, where a step of the sum is long enough for it.
    @inline(never) static func sum<let P: Int>(_ o: WindowOperands<Scalar>, _: Panel<P>.Type) {
        var t = Registers(repeating: .init(repeating: .zero))
        for r in 0..<R { lanes_prefetch(o.c + r * o.ldc) }
        var b = o.b
        for image in 0..<o.images {
            var first = o.field + image * o.imagePitch
            for _ in 0..<o.height {
                var rows = InlineArray<R, UnsafePointer<Scalar>>(repeating: first)
                for r in 0..<R { rows[r] += Int(o.offsets[r]) }
                for x in 0..<o.width {
                    #if AVX512
                    let r = x & (R - 1)
                    lanes_prefetch(first + Int(o.offsets[R + r]) + x * o.step)
                    #endif
                    step(&t, rows, x * o.step, b)
                    b += P * V.scalarCount
                }
                first += o.rowPitch
            }
        }
        Tile<V, R, N>.finish(t, o.c, o.ldc, o.accumulate, tail: 0)
    }

    @inline(__always) private static func step(
        _ t: inout Registers, _ rows: InlineArray<R, UnsafePointer<Scalar>>, _ x: Int,
        _ b: UnsafePointer<Scalar>
    ) {
        var row = InlineArray<N, V>(repeating: .zero)
        for j in 0..<N { row[j] = load(b + j * V.scalarCount) }
        for r in 0..<R {
            let a = V(repeating: rows[r][x])
            for j in 0..<N { t[r][j] = V.muladd(a, row[j], t[r][j]) }
        }
    }
}

extension TileFamily {
    /// Tiles below each other, 1 ... N vectors wide with N <= 3.
    static func sumWindows(_ o: WindowOperands<Scalar>) {
        var tile = o
        for _ in 0..<o.count {
            if o.vectors == N {
                WindowTile<V, R, N>.sum(tile, Panel<N>.self)
            } else if o.vectors == 2 {
                WindowTile<V, R, 2>.sum(tile, Panel<N>.self)
            } else {
                WindowTile<V, R, 1>.sum(tile, Panel<N>.self)
            }
            tile.offsets += R
            tile.c += R * o.ldc
        }
    }
}
