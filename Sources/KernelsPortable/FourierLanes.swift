// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Rows of values into lanes and back: squares of `L` x `L`, turned in registers.
enum FourierLanes<V: KernelVector, let L: Int> {
    typealias Scalar = V.Scalar
    typealias Square = InlineArray<L, V>

    /// Row i becomes lane i: row i is zipped with row i + L/2 until all rows have been.
    @inline(__always) private static func turn(_ square: inout Square) {
        var width = 1
        while width < L {
            let before = square
            for i in 0..<L / 2 {
                square[2 * i] = V.zipLow(before[i], before[i + L / 2])
                square[2 * i + 1] = V.zipHigh(before[i], before[i + L / 2])
            }
            width *= 2
        }
    }

    /// `vectors[i·pitch + r] <- rows[r][i]`
    @inline(never) static func gather(_ o: LaneRows<Scalar>) {
        var i = 0
        while i + L <= o.count {
            var square = Square(repeating: .zero)
            for r in 0..<L { square[r] = load(o.rows[r] + i) }
            turn(&square)
            for r in 0..<L { store(square[r], o.vectors + (i + r) * o.pitch) }
            i += L
        }
        while i < o.count {
            let to = o.vectors + i * o.pitch
            for r in 0..<L { to[r] = o.rows[r][i] }
            i += 1
        }
    }

    /// `rows[r][i] <- vectors[i·pitch + r]`
    @inline(never) static func spread(_ o: LaneRows<Scalar>) {
        var i = 0
        while i + L <= o.count {
            var square = Square(repeating: .zero)
            for r in 0..<L { square[r] = load(o.vectors + (i + r) * o.pitch) }
            turn(&square)
            for r in 0..<L { store(square[r], o.rows[r] + i) }
            i += L
        }
        while i < o.count {
            let from = o.vectors + i * o.pitch
            for r in 0..<L { o.rows[r][i] = from[r] }
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
