// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// ``FilteredLines``: differences of lines that are a stride apart, and copies of those that outputs share.
///
/// Lines are written whole vectors at a time, in ascending order, so that what is written behind the end of one is
/// overwritten by the next.
enum LineFiltering<V: KernelVector> {
    typealias Scalar = V.Scalar

    static func run(_ o: FilteredLines<Scalar>) {
        let width = o.width, step = o.step * width, paired = o.paired * width
        for output in 0..<o.count {
            let values = o.values + output * step, lines = o.lines + output * step
            let (a, b) = output % 2 == 0 ? (values, values + step) : (values + step, values)
            each(paired) { store(V.difference(load(a + $0), load(b + $0)), lines + $0) }
            each(step - paired) { store(load(values + paired + $0) as V, lines + paired + $0) }
        }
        for pair in 0..<(o.count + 1) / 2 {
            let values = o.values + (2 * pair + 1) * step, between = o.between + pair * paired
            each(paired) { store(load(values + $0) as V, between + $0) }
        }
    }

    /// The same of lines of one element, with those of a residue together.
    static func runElements(_ o: FilteredLines<Scalar>) {
        let pairs = (o.count + 1) / 2, pitch = o.width, second = o.lines + o.step * pitch
        if o.step == 2 && o.paired == 1 { return runThreeTaps(o, second, pairs) }
        for r in 0..<o.step {
            var values = o.values + r
            for pair in r * pitch..<r * pitch + pairs {
                let (x0, x1, x2) = (values[0], values[o.step], values[2 * o.step])
                o.lines[pair] = r < o.paired ? x0 - x1 : x0
                second[pair] = r < o.paired ? x2 - x1 : x1
                if r < o.paired { o.between[pair] = x1 }
                values += 2 * o.step
            }
        }
    }

    /// Three taps with stride 2: of x0 x1 x2 x3 x4 the pair of outputs sees x0 − x2 and x1, x4 − x2 and x3, and x2.
    @inline(__always) private static func runThreeTaps(
        _ o: FilteredLines<Scalar>, _ second: UnsafeMutablePointer<Scalar>, _ pairs: Int
    ) {
        let pitch = o.width
        each(pairs) {
            let values = o.values + 4 * $0
            let (a, b) = (halves(values), halves(values + 2 * V.scalarCount))
            let (x0, x2) = (V.evens(a.evens, b.evens), V.odds(a.evens, b.evens))
            let next = V.evens(
                halves(values + 4).evens, halves(values + 4 + 2 * V.scalarCount).evens)
            store(V.difference(x0, x2), o.lines + $0)
            store(V.evens(a.odds, b.odds), o.lines + pitch + $0)
            store(V.difference(next, x2), second + $0)
            store(V.odds(a.odds, b.odds), second + pitch + $0)
            store(x2, o.between + $0)
        }
    }

    @inline(__always) private static func halves(
        _ p: UnsafePointer<Scalar>
    ) -> (evens: V, odds: V) {
        let (a, b) = (load(p) as V, load(p + V.scalarCount) as V)
        return (V.evens(a, b), V.odds(a, b))
    }

    /// Four sums of 0 · x, which no infinity and no NaN leaves at 0.
    static func isFinite(_ values: UnsafePointer<Scalar>, _ count: Int) -> Bool {
        var sums = InlineArray<4, V>(repeating: .zero)
        var i = 0
        while i + 4 * V.scalarCount <= count {
            for j in 0..<4 {
                sums[j] = V.muladd(load(values + i + j * V.scalarCount), .zero, sums[j])
            }
            i += 4 * V.scalarCount
        }
        while i < count {
            sums[0] = V.muladd(load(values + i), .zero, sums[0])
            i += V.scalarCount
        }
        return V.sum(V.sum(sums[0], sums[1]), V.sum(sums[2], sums[3])).isZero
    }

    /// Every vector of a line, the last one past its end.
    @inline(__always) private static func each(_ count: Int, _ body: (Int) -> Void) {
        var i = 0
        while i < count {
            body(i)
            i += V.scalarCount
        }
    }
}
