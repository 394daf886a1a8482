// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// Copies between layouts, in whole vectors: each overrun is written again by what comes after it.
enum Packing<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar

    /// Squares of weights are transposed in registers; the rest goes one by one.
    static func weights(_ o: WeightPanel<Scalar>) {
        var k = 0
        if o.rows == R {
            while k + R <= o.depth {
                V.transpose(o.weights + k, o.rowStride, o.panel + k * R)
                k += R
            }
        }
        while k < o.depth {
            for r in 0..<R {
                o.panel[k * R + r] = r < o.rows ? o.weights[r * o.rowStride + k] : .zero
            }
            k += 1
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

    /// Tap by tap, piece by piece.
    static func taps(_ o: TapColumns<Scalar>) {
        var rows = o.rows
        for tap in o.taps {
            let plane = o.plane + Int(tap)
            for piece in o.pieces {
                let from = plane + Int(piece.from)
                let to = rows + Int(piece.to)
                for v in 0..<Int(piece.vectors) {
                    store(load(from + v * V.scalarCount) as V, to + v * V.scalarCount)
                }
            }
            rows += o.rowPitch
        }
    }

    /// Two phases are zipped, one is copied, more go one by one.
    static func interleave(_ o: PhaseRows<Scalar>) {
        var i = 0
        if o.stride == 1 {
            while i + V.scalarCount <= o.count {
                store(load(o.phases + i) as V, o.row + i)
                i += V.scalarCount
            }
        } else if o.stride == 2 {
            let odd = o.phases + o.pitch
            while i + 2 * V.scalarCount <= o.count {
                let a: V = load(o.phases + i / 2)
                let b: V = load(odd + i / 2)
                store(V.zipLow(a, b), o.row + i)
                store(V.zipHigh(a, b), o.row + i + V.scalarCount)
                i += 2 * V.scalarCount
            }
        }
        var q = i / o.stride
        while i < o.count {
            for phase in 0..<min(o.stride, o.count - i) {
                o.row[i + phase] = o.phases[phase * o.pitch + q]
            }
            i += o.stride
            q += 1
        }
    }
}
