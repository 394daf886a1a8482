// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Rows times windows, lanes along the rows: nothing is packed, and every lane but those of the last vector
/// of a row is of use.
enum Correlation<V: KernelVector> {
    typealias Scalar = V.Scalar

    /// Eight taps at a time, then those that are left: eight sums hide the latency of a multiply-add. Nine of a 3x3
    /// kernel are done at once.
    static func run(_ o: RowWindows<Scalar>) {
        var tap = 0
        while tap < o.offsets.count {
            let left = o.offsets.count - tap
            if left == 9 {
                sum(o, tap, Panel<9>.self)
                tap += 9
            } else if left >= 8 {
                sum(o, tap, Panel<8>.self)
                tap += 8
            } else if left >= 4 {
                sum(o, tap, Panel<4>.self)
                tap += 4
            } else if left >= 2 {
                sum(o, tap, Panel<2>.self)
                tap += 2
            } else {
                sum(o, tap, Panel<1>.self)
                tap += 1
            }
        }
    }

    @inline(never) private static func sum<let T: Int>(
        _ o: RowWindows<Scalar>, _ tap: Int, _: Panel<T>.Type
    ) {
        var sums = InlineArray<T, V>(repeating: .zero)
        var offsets = InlineArray<T, Int>(repeating: 0)
        for t in 0..<T { offsets[t] = Int(o.offsets[tap + t]) }
        let whole = o.width / V.scalarCount * V.scalarCount, rest = o.width - whole
        var row = o.rows, windows = o.windows
        for _ in 0..<o.height {
            var x = 0
            while x < whole {
                let values: V = load(row + x)
                for t in 0..<T {
                    sums[t] = V.muladd(values, load(windows + offsets[t] + x), sums[t])
                }
                x += V.scalarCount
            }
            if rest > 0 {
                let values = V.first(rest, load(row + x))
                for t in 0..<T {
                    let seen = V.first(rest, load(windows + offsets[t] + x))
                    sums[t] = V.muladd(values, seen, sums[t])
                }
            }
            row += o.rowPitch
            windows += o.windowPitch
        }
        if T % 2 == 0 { return add(&sums, T, to: o.sums + tap) }
        var last = InlineArray<1, V>(repeating: sums[T - 1])
        add(&last, 1, to: o.sums + tap + T - 1)
        if T > 1 { add(&sums, T - 1, to: o.sums + tap) }
    }

    /// The lanes of the first `count` vectors, 1, 2, 4 or 8, each added up: neighbours in pairs, of two vectors at a
    /// time, until a lane is a sum.
    @inline(__always) private static func add<let T: Int>(
        _ sums: inout InlineArray<T, V>, _ count: Int, to totals: UnsafeMutablePointer<Double>
    ) {
        var vectors = count, lanes = V.scalarCount
        while lanes > 1 {
            if vectors > 1 {
                for i in 0..<vectors / 2 {
                    let a = sums[2 * i], b = sums[2 * i + 1]
                    sums[i] = V.sum(V.evens(a, b), V.odds(a, b))
                }
                vectors /= 2
            } else {
                sums[0] = V.sum(V.evens(sums[0], sums[0]), V.odds(sums[0], sums[0]))
            }
            lanes /= 2
        }
        for t in 0..<count {
            totals[t] += Double(sums[t / V.scalarCount][t % V.scalarCount])
        }
    }
}
