// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// One column of C, `R` rows at a time: what is left of an odd number of pixels, for which a tile would have one
/// lane of use. Lanes go along the sum instead: the products of a group of `lanes` steps are R vectors, whether
/// A is packed (a vector has `lanes / R` steps of R rows) or read where it lies (a vector has one row's steps).
///
/// The order is the same for both: step k is added to partial sum k mod lanes, and partial sums p and
/// p + lanes/2, then p and p + lanes/4, and so on, are added. All start at −0, which is lost in no sum.
enum ColumnTile<V: KernelVector, let R: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = InlineArray<R, V>

    static func run(_ o: ColumnOperands<Scalar>) {
        if o.lda == 0 { packed(o) } else { unpacked(o) }
    }

    /// The column is spread so that each of its elements meets the R rows of its step.
    @inline(never) private static func packed(_ o: ColumnOperands<Scalar>) {
        let lanes = V.scalarCount, groups = o.depth / lanes, rest = o.depth % lanes * R
        for k in 0..<o.depth {
            let value = o.b[k * o.step]
            for r in 0..<R { o.work[k * R + r] = value }
        }
        for i in 0..<R { store(V(repeating: -.zero), o.work + o.depth * R + i * lanes) }
        var a = o.a, row = 0
        while row < o.rows {
            var sums = Registers(repeating: V(repeating: -.zero))
            var b = UnsafePointer(o.work)
            for _ in 0..<groups {
                for i in 0..<R {
                    sums[i] = V.muladd(load(a + i * lanes), load(b + i * lanes), sums[i])
                }
                a += R * lanes
                b += R * lanes
            }
            for i in 0..<R where i * lanes < rest {
                let values = V.first(min(lanes, rest - i * lanes), load(a + i * lanes))
                sums[i] = V.muladd(values, load(b + i * lanes), sums[i])
            }
            a += rest
            finish(sums, o, row)
            row += R
        }
    }

    @inline(never) private static func unpacked(_ o: ColumnOperands<Scalar>) {
        let lanes = V.scalarCount, groups = o.depth / lanes, rest = o.depth % lanes
        for k in 0..<o.depth { o.work[k] = o.b[k * o.step] }
        store(V(repeating: -.zero), o.work + o.depth)
        var row = 0
        while row < o.rows {
            // Where fewer than R are left the last one is read again.
            var a = InlineArray<R, UnsafePointer<Scalar>>(repeating: o.a)
            for r in 0..<R { a[r] += min(row + r, o.rows - 1) * o.lda }
            var sums = Registers(repeating: V(repeating: -.zero))
            for g in 0..<groups {
                let b: V = load(o.work + g * lanes)
                for r in 0..<R {
                    sums[r] = V.muladd(load(a[r] + g * lanes), b, sums[r])
                }
            }
            if rest > 0 {
                let b: V = load(o.work + groups * lanes)
                for r in 0..<R {
                    let values = V.first(rest, load(a[r] + groups * lanes))
                    sums[r] = V.muladd(values, b, sums[r])
                }
            }
            finish(turned(sums), o, row)
            row += R
        }
    }

    /// From rows of partial sums to partial sums of R rows.
    @inline(__always) private static func turned(_ sums: Registers) -> Registers {
        let lanes = V.scalarCount
        var rows = sums
        var turned = Registers(repeating: .zero)
        withUnsafeMutableBytes(of: &rows) { rows in
            withUnsafeMutableBytes(of: &turned) { turned in
                let from = rows.baseAddress!.assumingMemoryBound(to: Scalar.self)
                let to = turned.baseAddress!.assumingMemoryBound(to: Scalar.self)
                if lanes >= R {
                    for p in stride(from: 0, to: lanes, by: R) {
                        V.transpose(from + p, lanes, to + p * R, R)
                    }
                } else {
                    for p in 0..<lanes { for r in 0..<R { to[p * R + r] = from[r * lanes + p] } }
                }
            }
        }
        return turned
    }

    /// Adds up the partial sums: whole vectors as long as they have the same rows, then what is in one.
    @inline(__always) private static func finish(
        _ partial: Registers, _ o: ColumnOperands<Scalar>, _ row: Int
    ) {
        var sums = partial
        var count = R
        while count > 1 && count * V.scalarCount > R {
            count /= 2
            for i in 0..<count { sums[i] = V.sum(sums[i], sums[i + count]) }
        }
        withUnsafeMutableBytes(of: &sums) { bytes in
            let sums = bytes.baseAddress!.assumingMemoryBound(to: Scalar.self)
            var steps = max(1, V.scalarCount / R)
            while steps > 1 {
                steps /= 2
                for i in 0..<steps * R { sums[i] += sums[i + steps * R] }
            }
            for r in 0..<min(R, o.rows - row) {
                let to = o.c + (row + r) * o.ldc
                to.pointee = (o.start.map { $0[row + r] } ?? to.pointee) + sums[r]
            }
        }
    }
}
