// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// A tile whose sums go out among those of another.
///
/// The lines of the outputs, which nobody has touched yet, are asked for during the sums, so that
/// stores do not wait for them. The sums are those of ``Tile/indirect(_:column:)``, to the bit.
extension Tile {
    @inline(never) static func zipping(_ o: ZippedOperands<Scalar>) {
        let sums = o.sums
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
            if o.isOdd { zipOdd(t, o) } else { zipEven(t, o) }
        } else {
            finish(t, sums.c, sums.ldc, sums.accumulate, tail: 0)
            zipRows(o)
        }
    }

    /// Whole vectors, of registers.
    @inline(__always) private static func zipOdd(_ t: Registers, _ o: ZippedOperands<Scalar>) {
        for r in 0..<R {
            let row = o.output + r * o.outputPitch, evens = o.others + r * o.sums.ldc
            for j in 0..<N {
                let even: V = load(evens + j * V.scalarCount)
                store(V.zipLow(even, t[r][j]), row + o.places[2 * j].first)
                store(V.zipHigh(even, t[r][j]), row + o.places[2 * j + 1].first)
            }
        }
    }

    @inline(__always) private static func zipEven(_ t: Registers, _ o: ZippedOperands<Scalar>) {
        for r in 0..<R {
            let row = o.output + r * o.outputPitch, odds = o.others + r * o.sums.ldc
            for j in 0..<N {
                let odd: V = load(odds + j * V.scalarCount)
                store(V.zipLow(t[r][j], odd), row + o.places[2 * j].first)
                store(V.zipHigh(t[r][j], odd), row + o.places[2 * j + 1].first)
            }
        }
    }

    /// Any vectors, of C.
    @inline(never) private static func zipRows(_ o: ZippedOperands<Scalar>) {
        let sums = UnsafePointer(o.sums.c)
        let evens = o.isOdd ? o.others : sums, odds = o.isOdd ? sums : o.others
        for r in 0..<min(R, o.rows) {
            let row = o.output + r * o.outputPitch
            for j in 0..<N {
                let at = r * o.sums.ldc + j * V.scalarCount
                let even: V = load(evens + at), odd: V = load(odds + at)
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
        for _ in 0..<o.sums.count {
            if o.sums.vectors == N {
                Tile<V, R, N>.zipping(tile)
            } else if o.sums.vectors == 2 {
                Tile<V, R, 2>.zipping(tile)
            } else {
                Tile<V, R, 1>.zipping(tile)
            }
            tile.sums.a += R * o.sums.depth
            tile.sums.c += R * o.sums.ldc
            tile.sums.bias = tile.sums.bias.map { $0 + R }
            tile.others += R * o.sums.ldc
            tile.output += R * o.outputPitch
            tile.rows -= R
        }
    }
}
