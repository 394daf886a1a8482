// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Rows times windows, lanes along the rows: nothing is packed, and every lane but those of the last vector
/// of a row is of use.
enum Correlation<V: KernelVector> {
    typealias Scalar = V.Scalar

    /// Eight taps at a time, then those that are left: eight sums hide the latency of a multiply-add.
    static func run(_ o: RowWindows<Scalar>) {
        var tap = 0
        while tap < o.offsets.count {
            let left = o.offsets.count - tap
            if left >= 8 {
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
        for t in 0..<T {
            var sum = Scalar.zero
            for lane in 0..<V.scalarCount { sum += sums[t][lane] }
            o.sums[tap + t] += Double(sum)
        }
    }
}
