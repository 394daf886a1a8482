// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Rows of values into lanes and back: squares of as many rows as there are lanes, `H` in each half, turned in
/// registers. (Sixteen vectors in one array would be filled by a function that all modules share.)
enum FourierLanes<V: KernelVector, let H: Int> {
    typealias Scalar = V.Scalar
    typealias Half = InlineArray<H, V>

    /// Row i becomes lane i: row i is zipped with row i + H until all rows have been.
    @inline(__always) private static func turn(_ low: inout Half, _ high: inout Half) {
        var width = 1
        while width < 2 * H {
            let (upper, lower) = (low, high)
            for i in 0..<H {
                put(V.zipLow(upper[i], lower[i]), 2 * i, &low, &high)
                put(V.zipHigh(upper[i], lower[i]), 2 * i + 1, &low, &high)
            }
            width *= 2
        }
    }

    @inline(__always) private static func put(
        _ row: V, _ i: Int, _ low: inout Half, _ high: inout Half
    ) {
        if i < H { low[i] = row } else { high[i - H] = row }
    }

    /// `vectors[i·pitch + r] <- rows[r][i]`
    @inline(never) static func gather(_ o: LaneRows<Scalar>) {
        var i = 0
        while i + 2 * H <= o.count {
            var low = Half(repeating: .zero), high = Half(repeating: .zero)
            for r in 0..<H {
                low[r] = load(o.rows[r] + i)
                high[r] = load(o.rows[H + r] + i)
            }
            turn(&low, &high)
            let to = o.vectors + i * o.pitch
            for r in 0..<H {
                store(low[r], to + r * o.pitch)
                store(high[r], to + (H + r) * o.pitch)
            }
            i += 2 * H
        }
        while i < o.count {
            let to = o.vectors + i * o.pitch
            for r in 0..<2 * H { to[r] = o.rows[r][i] }
            i += 1
        }
    }

    /// `rows[r][i] <- vectors[i·pitch + r]`
    @inline(never) static func spread(_ o: LaneRows<Scalar>) {
        var i = 0
        while i + 2 * H <= o.count {
            var low = Half(repeating: .zero), high = Half(repeating: .zero)
            let from = o.vectors + i * o.pitch
            for r in 0..<H {
                low[r] = load(from + r * o.pitch)
                high[r] = load(from + (H + r) * o.pitch)
            }
            turn(&low, &high)
            for r in 0..<H {
                store(low[r], o.rows[r] + i)
                store(high[r], o.rows[H + r] + i)
            }
            i += 2 * H
        }
        while i < o.count {
            let from = o.vectors + i * o.pitch
            for r in 0..<2 * H { o.rows[r][i] = from[r] }
            i += 1
        }
    }

    /// `to[i] <- from[i·stride] + bias`; 0 times each output adds up to 0 if all are finite, else to NaN.
    @inline(never) static func emit(_ o: EmittedRow<Scalar>) -> Bool {
        let bias = V(repeating: o.bias)
        var i = 0, nothing = V.zero
        if o.stride == 1 {
            while i + V.scalarCount <= o.count {
                let output = V.sum(load(o.from + i), bias)
                nothing = V.muladd(output, .zero, nothing)
                store(output, o.to + i)
                i += V.scalarCount
            }
        }
        var rest = Scalar.zero
        while i < o.count {
            let output = o.from[i * o.stride] + o.bias
            rest += output * 0
            o.to[i] = output
            i += 1
        }
        for lane in 0..<V.scalarCount { rest += nothing[lane] }
        return rest == 0
    }
}
