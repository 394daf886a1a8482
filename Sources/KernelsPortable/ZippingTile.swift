// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// A tile whose sums go out among those of another.
///
/// The lines of the outputs, which nobody has touched yet, are asked for during the sums, so that stores do not
/// wait for them. The sums are those of ``Tile/indirect(_:column:)``, to the bit.
extension Tile {
    @inline(never) static func zipping(_ o: ZippedOperands<Scalar>) {
        let sums = o.odd
        var t = start(sums.bias)
        prefetch(sums.c, sums.ldc)
        var a = sums.a, offsets = sums.offsets
        let b = sums.b
        for i in 0..<sums.depth / turn {
            lanes_prefetch(o.output + i % R * o.outputPitch + o.places[min(i / R, 2 * N - 1)].first)
            lanes_prefetch(a + 64 * R)
            step(&t, a, b + Int(offsets[0]))
            step(&t, a + R, b + Int(offsets[1]))
            #if !AVX512
            step(&t, a + 2 * R, b + Int(offsets[2]))
            step(&t, a + 3 * R, b + Int(offsets[3]))
            #endif
            a += turn * R
            offsets += turn
        }
        for _ in 0..<sums.depth % turn {
            step(&t, a, b + Int(offsets[0]))
            a += R
            offsets += 1
        }
        if o.isWhole && !sums.accumulate && o.rows >= R {
            zip(t, o)
        } else {
            finish(t, sums.c, sums.ldc, sums.accumulate, tail: 0)
            zipRows(o)
        }
    }

    /// Whole vectors from registers.
    @inline(__always) private static func zip(_ t: Registers, _ o: ZippedOperands<Scalar>) {
        for r in 0..<R {
            let row = o.output + r * o.outputPitch, evens = o.even + r * o.odd.ldc
            for j in 0..<N {
                let even: V = load(evens + j * V.scalarCount)
                store(V.zipLow(even, t[r][j]), row + o.places[2 * j].first)
                store(V.zipHigh(even, t[r][j]), row + o.places[2 * j + 1].first)
            }
        }
    }

    /// Any vectors, from C.
    @inline(never) private static func zipRows(_ o: ZippedOperands<Scalar>) {
        for r in 0..<min(R, o.rows) {
            let row = o.output + r * o.outputPitch
            for j in 0..<N {
                let at = r * o.odd.ldc + j * V.scalarCount
                let even: V = load(o.even + at), odd: V = load(o.odd.c + at)
                place(V.zipLow(even, odd), row, o.places[2 * j])
                place(V.zipHigh(even, odd), row, o.places[2 * j + 1])
            }
        }
    }

    @inline(__always) private static func place(
        _ v: V, _ row: UnsafeMutablePointer<Scalar>, _ place: ZippedPlace
    ) {
        if place.count == V.scalarCount { return store(v, row + place.first) }
        if place.count > 0 { V.storeFirst(place.count, v, row + place.first) }
        if place.skipped < V.scalarCount { V.storeFrom(place.skipped, v, row + place.next) }
    }
}

extension TileFamily {
    /// Tiles below each other, as wide as `o` says.
    static func slide(_ o: ZippedOperands<Scalar>) {
        var tile = o
        for _ in 0..<o.odd.count {
            if o.odd.vectors == N {
                Tile<V, R, N>.zipping(tile)
            } else if o.odd.vectors == 2 {
                Tile<V, R, 2>.zipping(tile)
            } else {
                Tile<V, R, 1>.zipping(tile)
            }
            tile.odd.a += R * o.odd.depth
            tile.odd.c += R * o.odd.ldc
            tile.odd.bias = tile.odd.bias.map { $0 + R }
            tile.even += R * o.odd.ldc
            tile.output += R * o.outputPitch
            tile.rows -= R
        }
    }
}
