// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// Copies between layouts, in whole vectors: each overrun is written again by what comes after it.
enum Packing<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar

    /// Weights into a panel of A.
    static func weights(_ o: WeightPanel<Scalar>) {
        if let pitch = o.pitch { turn(o, width: pitch) } else { turn(o, width: R) }
    }

    /// Rows into a panel of B, whose rows are N vectors.
    static func rows(_ o: WeightPanel<Scalar>) {
        turn(o, width: N * V.scalarCount)
    }

    /// Rows of a panel `width` wide, `R` at a time: squares are turned in registers, the rest goes one by
    /// one.
    @inline(__always) private static func turn(_ o: WeightPanel<Scalar>, width: Int) {
        for first in stride(from: 0, to: min(width, o.rows), by: R) {
            let from = o.weights + first * o.rowStride, to = o.panel + first
            var k = 0
            if first + R <= o.rows {
                let line = 64 / MemoryLayout<Scalar>.stride
                while k + R <= o.depth {
                    if width == R && k % line == 0 { askForNextRows(from + k, o.rowStride) }
                    V.transpose(from + k, o.rowStride, to + k * width, width)
                    k += R
                }
            }
            while k < o.depth {
                for r in 0..<R {
                    to[k * width + r] = first + r < o.rows ? from[r * o.rowStride + k] : .zero
                }
                k += 1
            }
        }
    }

    /// A line of each of the rows behind these, which mostly are packed next: pieces of rows far apart are too short for
    /// the processor to see the next one coming.
    @inline(__always) private static func askForNextRows(
        _ rows: UnsafePointer<Scalar>, _ rowStride: Int
    ) {
        for r in R..<2 * R { lanes_prefetch(rows + r * rowStride) }
    }

    /// Squares of rows and taps are turned in registers; their lines are asked for eight channels ahead.
    static func tapWeights(_ o: TapWeights<Scalar>) {
        if o.taps == 1 && o.rows % R == 0 { return copyRows(o) }
        var from = o.weights
        for _ in 0..<o.channels {
            if o.rows % R == 0 {
                var panel = o.panels, rows = from
                for _ in 0..<o.rows / R {
                    var t = 0
                    while t < o.taps {
                        lanes_prefetch(rows + 8 * o.channelStride + t * R)
                        let first = min(t, max(0, o.taps - R))
                        V.scatter(rows + first, o.taps, panel, o.places + first)
                        t += R
                    }
                    panel += o.panelPitch
                    rows += R * o.taps
                }
            } else {
                for t in 0..<o.taps {
                    for r in 0..<R {
                        o.panels[o.places[t] + r] = r < o.rows ? from[r * o.taps + t] : .zero
                    }
                }
            }
            for t in 0..<max(o.taps, R) { o.places[t] += o.steps[t] }
            from += o.channelStride
        }
    }

    /// Of kernels of one tap, what a panel has of a channel lies together, and the next panel behind it: four panels at
    /// a time read whole lines, while more of them, a power of two apart, would not find room in L1.
    private static func copyRows(_ o: TapWeights<Scalar>) {
        let step = o.steps[0]
        for first in stride(from: 0, to: o.rows, by: 4 * R) {
            var from = o.weights + first
            var to = o.panels + o.places[0] + first / R * o.panelPitch
            let panels = min(4, (o.rows - first) / R)
            for _ in 0..<o.channels {
                lanes_prefetch(from + 8 * o.channelStride)
                lanes_prefetch(from + 8 * o.channelStride + (panels - 1) * R)
                for panel in 0..<panels {
                    for r in 0..<R { to[panel * o.panelPitch + r] = from[panel * R + r] }
                }
                from += o.channelStride
                to += step
            }
        }
    }

    /// Row by row, phase by phase: zeros, every stride-th value, zeros.
    static func fillRows(_ o: PaddedRows<Scalar>) {
        if o.stride == 1 { return fillPlainRows(o) }
        let even = Span(o, phase: 0)
        let odd = o.stride == 2 ? Span(o, phase: 1) : even
        var to = o.to
        for y in o.rows {
            if y < 0 || y >= o.height {
                clear(to, 0, o.stride * o.phasePitch)
                to += o.stride * o.phasePitch
                continue
            }
            let values = o.values + y * o.valuesPitch
            prefetch(values + o.ahead, min(o.count, o.stride * o.phasePitch))
            for phase in 0..<o.stride {
                let span = phase == 0 ? even : o.stride == 2 ? odd : Span(o, phase: phase)
                clear(to, 0, span.low)
                copyEvery(o.stride, values + span.start, to + span.low, span.count)
                clear(to, span.low + span.count, o.phasePitch)
                to += o.phasePitch
            }
        }
    }

    /// Without phases: small maps are all overhead.
    private static func fillPlainRows(_ o: PaddedRows<Scalar>) {
        let low = min(o.before, o.phasePitch), count = max(0, min(o.count, o.phasePitch - low))
        let lanes = V.scalarCount
        var to = o.to, values = o.values + o.rows.lowerBound * o.valuesPitch
        for y in o.rows {
            if y < 0 || y >= o.height {
                clear(to, 0, o.phasePitch)
            } else {
                prefetch(values + o.ahead, count)
                clear(to, 0, low)
                let row = to + low
                var i = 0
                repeat {
                    store(load(values + i) as V, row + i)
                    i += lanes
                } while i < count
                clear(to, low + count, o.phasePitch)
            }
            to += o.phasePitch
            values += o.valuesPitch
        }
    }

    /// The part of a phase that is not zero: the same for every row, and full of divisions.
    private struct Span {
        var low: Int
        var start: Int
        var count: Int

        init(_ o: PaddedRows<Scalar>, phase: Int) {
            let first = phase - o.before
            low = first < 0 ? min(o.phasePitch, (o.stride - 1 - first) / o.stride) : 0
            start = low * o.stride + first
            let most = (o.count - start + o.stride - 1) / o.stride
            count = start < o.count ? min(most, o.phasePitch - low) : 0
        }
    }

    /// A channel is too short for the processor to see the next one coming.
    @inline(__always) private static func prefetch(_ values: UnsafePointer<Scalar>, _ count: Int) {
        var i = 0
        while i < count {
            lanes_prefetch(values + i)
            i += 64 / MemoryLayout<Scalar>.stride
        }
    }

    @inline(__always) private static func clear(
        _ p: UnsafeMutablePointer<Scalar>, _ from: Int, _ to: Int
    ) {
        var i = from
        while i < to {
            store(V.zero, p + i)
            i += V.scalarCount
        }
    }

    @inline(__always) private static func copyEvery(
        _ stride: Int, _ from: UnsafePointer<Scalar>, _ to: UnsafeMutablePointer<Scalar>,
        _ count: Int
    ) {
        var i = 0
        if stride == 1 {
            while i < count {
                store(load(from + i) as V, to + i)
                i += V.scalarCount
            }
        } else if stride == 2 {
            while i < count {
                store(V.evens(load(from + 2 * i), load(from + 2 * i + V.scalarCount)), to + i)
                i += V.scalarCount
            }
        } else {
            while i < count {
                to[i] = from[i * stride]
                i += 1
            }
        }
    }

    /// Tap by tap, piece by piece; what lies as far ahead as two taps is asked for.
    static func taps(_ o: TapColumns<Scalar>) {
        if o.stride == 2 { copyPieces(o, Panel<2>.self) } else { copyPieces(o, Panel<1>.self) }
    }

    /// Every `S`th element, S = 1 or 2.
    @inline(__always) private static func copyPieces<let S: Int>(
        _ o: TapColumns<Scalar>, _: Panel<S>.Type
    ) {
        var rows = o.rows
        let last = o.taps.count - 1
        for (t, tap) in o.taps.enumerated() {
            let plane = o.plane + Int(tap), ahead = o.plane + Int(o.taps[min(t + 2, last)])
            for piece in o.pieces {
                lanes_prefetch(ahead + Int(piece.from))
                if S == 2 { lanes_prefetch(ahead + Int(piece.from) + V.scalarCount) }
                let from = plane + Int(piece.from)
                let to = rows + Int(piece.to)
                for v in 0..<Int(piece.vectors) {
                    let first: V = load(from + S * v * V.scalarCount)
                    let values =
                        S == 1
                        ? first : V.evens(first, load(from + (S * v + 1) * V.scalarCount))
                    store(values, to + v * V.scalarCount)
                }
            }
            rows += o.rowPitch
        }
    }

    /// One phase is copied, 2, 4 and 8 are zipped, others go one by one.
    static func interleave(_ o: PhaseRows<Scalar>) {
        switch o.stride {
        case 1: zipped(o, Panel<1>.self)
        case 2: zipped(o, Panel<2>.self)
        case 4: zipped(o, Panel<4>.self)
        case 8: zipped(o, Panel<8>.self)
        default: oneByOne(o)
        }
    }

    /// Piece by piece.
    static func interleave(
        _ plane: PhaseRows<Scalar>, pieces: UnsafeBufferPointer<PhasePiece>
    ) {
        var o = plane
        for piece in pieces {
            o.phases = plane.phases + piece.from
            o.row = plane.row + piece.to
            o.count = piece.count
            interleave(o)
        }
    }

    /// Vectors of `S` phases, S a power of two: log2 S times, vector i is interleaved with vector
    /// i + S / 2.
    @inline(__always) private static func zipped<let S: Int>(
        _ o: PhaseRows<Scalar>, _: Panel<S>.Type
    ) {
        var q = 0
        while q * S < o.count {
            var row = InlineArray<S, V>(repeating: .zero)
            for phase in 0..<S { row[phase] = load(o.phases + phase * o.pitch + q) }
            var done = 1
            while done < S {
                let from = row
                for i in 0..<S / 2 {
                    row[2 * i] = V.zipLow(from[i], from[i + S / 2])
                    row[2 * i + 1] = V.zipHigh(from[i], from[i + S / 2])
                }
                done *= 2
            }
            let to = o.row + q * S, left = o.count - q * S
            if left >= S * V.scalarCount {
                for i in 0..<S { store(row[i], to + i * V.scalarCount) }
            } else {
                for i in 0..<S where i * V.scalarCount < left {
                    V.storeFirst(left - i * V.scalarCount, row[i], to + i * V.scalarCount)
                }
            }
            q += V.scalarCount
        }
    }

    private static func oneByOne(_ o: PhaseRows<Scalar>) {
        var i = 0, q = 0
        while i < o.count {
            for phase in 0..<min(o.stride, o.count - i) {
                o.row[i + phase] = o.phases[phase * o.pitch + q]
            }
            i += o.stride
            q += 1
        }
    }
}
