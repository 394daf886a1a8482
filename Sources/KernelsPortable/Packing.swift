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

    /// Two and four phases are zipped, one is copied, others go one by one.
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
        if o.stride == 4 { i = interleaveFour(o) }
        var q = i / o.stride
        while i < o.count {
            for phase in 0..<min(o.stride, o.count - i) {
                o.row[i + phase] = o.phases[phase * o.pitch + q]
            }
            i += o.stride
            q += 1
        }
    }

    /// Four phases: what is behind the last whole vectors goes a quad at a time. The elements done.
    @inline(__always) private static func interleaveFour(_ o: PhaseRows<Scalar>) -> Int {
        let quads = o.count / 4
        var t = 0
        while t + V.scalarCount <= quads {
            let y = zipped(o, t)
            for j in 0..<4 { store(y[j], o.row + 4 * t + j * V.scalarCount) }
            t += V.scalarCount
        }
        if t < quads {
            var y = zipped(o, t)
            withUnsafeBytes(of: &y) { bytes in
                let from = bytes.baseAddress!.assumingMemoryBound(to: SIMD4<Scalar>.self)
                for i in 0..<quads - t {
                    UnsafeMutableRawPointer(o.row + 4 * (t + i)).storeBytes(
                        of: from[i], as: SIMD4<Scalar>.self)
                }
            }
        }
        return 4 * quads
    }

    /// Four values of a vector of tiles, tile by tile.
    @inline(__always) private static func zipped(
        _ o: PhaseRows<Scalar>, _ t: Int
    ) -> InlineArray<4, V> {
        let p = o.phases + t
        let a: V = load(p), b: V = load(p + o.pitch)
        let c: V = load(p + 2 * o.pitch), d: V = load(p + 3 * o.pitch)
        let e = V.zipLow(a, c), f = V.zipHigh(a, c), g = V.zipLow(b, d), h = V.zipHigh(b, d)
        return [V.zipLow(e, g), V.zipHigh(e, g), V.zipLow(f, h), V.zipHigh(f, h)]
    }
}
