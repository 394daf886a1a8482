// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// `P` outputs of as many channels as a vector has lanes, in registers.
///
/// With a channel in each lane no lane is idle, however small the map, no vector lies across two lines, and
/// windows may be any distance apart: what that costs is that pixels are turned into lanes and back. Weights
/// are a vector for each tap.
enum LaneTile<V: KernelVector, let P: Int> {
    typealias Scalar = V.Scalar

    /// All of a band.
    static func band(_ o: LaneOperands<Scalar>) {
        turn(o.weights, o.taps, o.channels, count: o.taps, to: o.turned)
        fill(o.field, o.channels)
        let start = start(o)
        if let rows = o.rows, MemoryLayout<V>.size == 64, P == 8 {
            clear(o.field.to + o.field.rows.count * o.field.pitch * V.scalarCount, P)
            rows.taps == 7 ? sum(o, rows, start, Panel<7>.self) : sum(o, rows, start, Panel<5>.self)
            return turnBack(o)
        }
        var p = 0
        while p < o.count {
            sum(o, p, start)
            p += P
        }
        turnBack(o)
    }

    /// The same, phase by phase.
    static func phases(_ o: LaneOperands<Scalar>, _ phases: LanePhases<Scalar>) {
        turn(o.weights, o.taps, o.channels, count: o.taps, to: o.turned)
        fill(o.field, o.channels)
        let start = start(o)
        for phase in phases.all {
            // A sum of nothing is 0.
            let start = phase.taps.isEmpty && o.starts == nil ? V.zero : start
            var p = phase.pixels.lowerBound
            while p < phase.pixels.upperBound {
                sum(o, phases, phase.taps, p, start)
                p += P
            }
        }
        turnBack(o)
    }

    /// Rows times windows: a sum for each tap, nine of a 3x3 kernel at once.
    static func correlate(_ o: LaneOperands<Scalar>) {
        turn(o.weights, o.outputPitch, o.channels, count: o.count, to: o.turned)
        fill(o.field, o.channels)
        var tap = 0
        while tap < o.taps {
            let left = o.taps - tap
            if left == 9 {
                correlate(o, tap, Panel<9>.self)
                tap += 9
            } else if left >= 8 {
                correlate(o, tap, Panel<8>.self)
                tap += 8
            } else if left >= 4 {
                correlate(o, tap, Panel<4>.self)
                tap += 4
            } else {
                correlate(o, tap, Panel<1>.self)
                tap += 1
            }
        }
    }

    @inline(never) private static func correlate<let T: Int>(
        _ o: LaneOperands<Scalar>, _ tap: Int, _: Panel<T>.Type
    ) {
        var sums = InlineArray<T, V>(repeating: .zero)
        var windows = InlineArray<T, UnsafePointer<Scalar>>(repeating: UnsafePointer(o.field.to))
        for t in 0..<T { windows[t] += o.offsets[tap + t] }
        var row = UnsafePointer(o.turned)
        for p in 0..<o.count {
            let value: V = load(row), at = o.pixels[p]
            for t in 0..<T { sums[t] = V.muladd(value, load(windows[t] + at), sums[t]) }
            row += V.scalarCount
        }
        for t in 0..<T { store(sums[t], o.sums + (tap + t) * V.scalarCount) }
    }

    /// Outputs `p ..< p + P` of the list.
    @inline(never) private static func sum(
        _ o: LaneOperands<Scalar>, _ phases: LanePhases<Scalar>, _ taps: Range<Int>, _ p: Int,
        _ start: V
    ) {
        var windows = InlineArray<P, UnsafePointer<Scalar>>(repeating: UnsafePointer(o.field.to))
        for n in 0..<P { windows[n] += o.pixels[p + n] }
        var sums = InlineArray<P, V>(repeating: start)
        for t in taps {
            let w: V = load(o.turned + phases.weights[t]), at = o.offsets[t]
            for n in 0..<P { sums[n] = V.muladd(w, load(windows[n] + at), sums[n]) }
        }
        for n in 0..<P { store(sums[n], o.sums + phases.places[p + n]) }
    }

    /// Row by row, eight outputs at a time; what the last ones write behind their row is written again by the next.
    ///
    /// A vector is loaded once for all the taps of a row that look at it, where otherwise each multiply-add loads one:
    /// of AVX-512's vectors Zen 4 loads as many as it multiplies.
    private static func sum<let K: Int>(
        _ o: LaneOperands<Scalar>, _ rows: OutputRows, _ start: V, _: Panel<K>.Type
    ) {
        let all = 0..<o.taps / K, areFinite = weightsAreFinite(o)
        for y in 0..<o.count / rows.width {
            let span = areFinite ? rows.spans[y] : all
            let field = UnsafePointer(o.field.to) + y * rows.step + span.lowerBound * rows.tapStep
            let weights = UnsafePointer(o.turned) + span.lowerBound * K * V.scalarCount
            for x in stride(from: 0, to: rows.width, by: P) {
                let to = o.sums + (y * rows.width + x) * V.scalarCount
                sum(
                    field + x * V.scalarCount, step: rows.tapStep, weights, rows: span.count, start,
                    to: to, Panel<K>.self)
            }
        }
    }

    private static func weightsAreFinite(_ o: LaneOperands<Scalar>) -> Bool {
        var check = V.zero
        for t in 0..<o.taps {
            check = V.muladd(V.zero, load(o.turned + t * V.scalarCount), check)
        }
        return check.isZero
    }

    /// Eight outputs of a row.
    ///
    /// *Registers*: eight sums, K + 7 vectors of the input, a weight.
    @inline(never) private static func sum<let K: Int>(
        _ field: UnsafePointer<Scalar>, step: Int, _ weights: UnsafePointer<Scalar>, rows: Int,
        _ start: V, to: UnsafeMutablePointer<Scalar>, _: Panel<K>.Type
    ) {
        var sums = InlineArray<8, V>(repeating: start)
        var row = field, taps = weights
        for _ in 0..<rows {
            var windows = InlineArray<14, V>(repeating: .zero)
            for x in 0..<K + 7 { windows[x] = load(row + x * V.scalarCount) }
            add(&sums, windows, taps, 0)
            add(&sums, windows, taps, 1)
            add(&sums, windows, taps, 2)
            add(&sums, windows, taps, 3)
            add(&sums, windows, taps, 4)
            if K == 7 {
                add(&sums, windows, taps, 5)
                add(&sums, windows, taps, 6)
            }
            row += step
            taps += K * V.scalarCount
        }
        for n in 0..<8 { store(sums[n], to + n * V.scalarCount) }
    }

    @inline(__always) private static func add(
        _ sums: inout InlineArray<8, V>, _ windows: InlineArray<14, V>,
        _ taps: UnsafePointer<Scalar>, _ j: Int
    ) {
        let w: V = load(taps + j * V.scalarCount)
        for n in 0..<8 { sums[n] = V.muladd(w, windows[n + j], sums[n]) }
    }

    @inline(__always) private static func start(_ o: LaneOperands<Scalar>) -> V {
        guard let starts = o.starts else { return V(repeating: o.start) }
        for c in 0..<V.scalarCount {
            o.sums[c] = c < o.channels ? o.start + starts[c] : .zero
        }
        return load(o.sums)
    }

    /// Outputs `p ..< p + P`. Loads are operands of the multiply-adds, so that AVX2's registers suffice.
    @inline(never) private static func sum(_ o: LaneOperands<Scalar>, _ p: Int, _ start: V) {
        var windows = InlineArray<P, UnsafePointer<Scalar>>(repeating: UnsafePointer(o.field.to))
        for n in 0..<P { windows[n] += o.pixels[p + n] }
        var sums = InlineArray<P, V>(repeating: start)
        for t in 0..<o.taps {
            let w: V = load(o.turned + t * V.scalarCount), at = o.offsets[t]
            for n in 0..<P { sums[n] = V.muladd(w, load(windows[n] + at), sums[n]) }
        }
        for n in 0..<P { store(sums[n], o.sums + (p + n) * V.scalarCount) }
    }

    /// Row by row. What turning a square writes behind a row is written again by what comes after it.
    private static func fill(_ o: LaneField<Scalar>, _ channels: Int) {
        var to = o.to
        for y in o.rows {
            if y < 0 || y >= o.height {
                clear(to, o.pitch)
            } else {
                let inside = to + o.before * V.scalarCount
                clear(to, o.before)
                turn(
                    o.values + y * o.width, o.channelPitch, channels, count: o.width, to: inside)
                clear(inside + o.width * V.scalarCount, o.pitch - o.before - o.width)
            }
            to += o.pitch * V.scalarCount
        }
    }

    private static func clear(_ to: UnsafeMutablePointer<Scalar>, _ pixels: Int) {
        for x in 0..<pixels { store(V.zero, to + x * V.scalarCount) }
    }

    /// `to[x·lanes + c] <- from[c·pitch + x]` for x < count; 0 for channels that do not exist. Squares of
    /// channels and pixels are turned in registers, the last ones of a row moved back over those before them.
    private static func turn(
        _ from: UnsafePointer<Scalar>, _ pitch: Int, _ channels: Int, count: Int,
        to: UnsafeMutablePointer<Scalar>
    ) {
        let lanes = V.scalarCount, side = V.side, last = max(0, count - side)
        for c in stride(from: 0, to: lanes, by: side) {
            let from = from + c * pitch, to = to + c
            if c + side <= channels {
                for x in stride(from: 0, to: count, by: side) {
                    let x = min(x, last)
                    V.turn(from + x, pitch, to + x * lanes, lanes)
                }
            } else {
                for x in 0..<count {
                    for i in 0..<side {
                        to[x * lanes + i] = c + i < channels ? from[i * pitch + x] : .zero
                    }
                }
            }
        }
    }

    /// The sums to where they belong.
    private static func turnBack(_ o: LaneOperands<Scalar>) {
        let lanes = V.scalarCount, side = V.side
        for c in stride(from: 0, to: o.channels, by: side) {
            let from = UnsafePointer(o.sums + c), to = o.output + c * o.outputPitch
            if c + side <= o.channels && o.count >= side {
                for p in stride(from: 0, to: o.count, by: side) {
                    let p = min(p, o.count - side)
                    V.turn(from + p * lanes, lanes, to + p, o.outputPitch)
                }
            } else {
                for i in 0..<min(side, o.channels - c) {
                    for p in 0..<o.count { to[i * o.outputPitch + p] = from[p * lanes + i] }
                }
            }
        }
    }
}
