// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface

/// Copies that bring what Winograd's transforms read into neighbouring lanes.
enum TilePacking<V: KernelVector, let R: Int> {
    typealias Scalar = V.Scalar

    /// Each row goes through a line with its padding, so that splitting it knows no edges.
    @inline(never) static func splitRows(_ o: TileRows<Scalar>) {
        let length = o.across * o.slot
        let low = min(length, max(0, -o.left))
        let high = max(low, min(length, o.width - o.left))
        clear(o.line, 0, o.across * (o.slot + V.scalarCount))
        var phase = 0, slot = o.to
        for y in o.first..<o.first + o.rows {
            let to = slot + phase * o.rowPhasePitch
            phase += 1
            if phase == o.down {
                phase = 0
                slot += o.slot
            }
            if y < 0 || y >= o.height {
                for column in 0..<o.across { clear(to + column * o.columnPhasePitch, 0, o.slot) }
                continue
            }
            let values = o.values + y * o.width + o.left
            var i = low
            while i < high {
                store(load(values + i) as V, o.line + i)
                i += V.scalarCount
            }
            clear(o.line, high, i)
            split(o, to)
        }
    }

    @inline(__always) private static func split(
        _ o: TileRows<Scalar>, _ to: UnsafeMutablePointer<Scalar>
    ) {
        split(o.line, o.across, count: o.slot, to, o.columnPhasePitch)
    }

    /// Row by row, without a line of its own.
    @inline(never) static func splitPhases(_ o: RowPhases<Scalar>) {
        var values = o.values, to = o.to
        for _ in 0..<o.rows {
            var line = 0
            while line < o.phases * o.count {
                lanes_prefetch(values + o.ahead + line)
                line += 64 / MemoryLayout<Scalar>.stride
            }
            split(values, o.phases, count: o.count, to, o.phasePitch)
            values += o.pitch
            to += o.toPitch
        }
    }

    @inline(__always) private static func split(
        _ from: UnsafePointer<Scalar>, _ phases: Int, count: Int,
        _ to: UnsafeMutablePointer<Scalar>, _ pitch: Int
    ) {
        let lanes = V.scalarCount
        var t = 0
        if phases == 4 {
            while t < count {
                let row = from + 4 * t
                let a: V = load(row), b: V = load(row + lanes)
                let c: V = load(row + 2 * lanes), d: V = load(row + 3 * lanes)
                let e = V.evens(a, b), f = V.evens(c, d), g = V.odds(a, b), h = V.odds(c, d)
                store(V.evens(e, f), to + t)
                store(V.evens(g, h), to + pitch + t)
                store(V.odds(e, f), to + 2 * pitch + t)
                store(V.odds(g, h), to + 3 * pitch + t)
                t += lanes
            }
        } else if phases == 2 {
            while t < count {
                let a: V = load(from + 2 * t), b: V = load(from + 2 * t + lanes)
                store(V.evens(a, b), to + t)
                store(V.odds(a, b), to + pitch + t)
                t += lanes
            }
        } else {
            while t < count {
                store(load(from + t) as V, to + t)
                t += lanes
            }
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

    /// Squares of weights are transposed in registers, and their rows go each to its tap.
    @inline(never) static func splitTaps(_ o: TapPanels<Scalar>) {
        var square = InlineArray<R, InlineArray<R, Scalar>>(repeating: .init(repeating: .zero))
        let depth = o.channels * o.taps
        var k = 0, tap = 0, channel = 0
        while k < depth {
            let count = min(R, depth - k)
            withUnsafeMutableBytes(of: &square) { bytes in
                let square = bytes.baseAddress!.assumingMemoryBound(to: Scalar.self)
                if count == R && o.rows == R {
                    V.transpose(o.weights + k, o.rowStride, square, R)
                } else {
                    for i in 0..<count {
                        for r in 0..<R {
                            square[i * R + r] =
                                r < o.rows ? o.weights[r * o.rowStride + k + i] : .zero
                        }
                    }
                }
                for i in 0..<count {
                    let to = o.to + tap * o.tapPitch + channel * R
                    to.update(from: square + i * R, count: R)
                    tap += 1
                    if tap == o.taps {
                        tap = 0
                        channel += 1
                    }
                }
            }
            k += count
        }
    }
}
