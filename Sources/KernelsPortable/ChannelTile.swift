// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// `R` output channels by `N` vectors of pixels in registers, the vectors wherever they lie.
///
/// Never inlined, for the reason given at ``Tile``.
enum ChannelTile<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = InlineArray<R, InlineArray<N, V>>

    /// The places from `first` on.
    @inline(never) private static func sum(_ o: ChannelOperands<Scalar>, first: Int) {
        var from = InlineArray<N, UnsafePointer<Scalar>>(repeating: o.windows)
        var to = InlineArray<N, UnsafeMutablePointer<Scalar>>(repeating: o.output)
        for n in 0..<N {
            from[n] += o.places[first + n].from
            to[n] += o.places[first + n].to
        }
        var sums = Registers(repeating: .init(repeating: .zero))
        if o.isFirst {
            for r in 0..<R { for n in 0..<N { sums[r][n] = V(repeating: o.bias[r]) } }
        }
        var a = o.a + o.taps.first * R, offsets = o.offsets + o.taps.first
        for _ in 0..<o.taps.count {
            step(&sums, a, from, offsets.pointee)
            a += R
            offsets += 1
        }
        if o.isFirst && o.isLast && o.rows == R && o.width >= V.scalarCount {
            for r in 0..<R {
                for n in 0..<N { store(sums[r][n], to[n] + r * o.outputPitch) }
            }
        } else {
            finish(sums, to, o, first)
        }
    }

    @inline(__always) private static func step(
        _ sums: inout Registers, _ a: UnsafePointer<Scalar>,
        _ from: InlineArray<N, UnsafePointer<Scalar>>, _ offset: Int
    ) {
        var values = InlineArray<N, V>(repeating: .zero)
        for n in 0..<N { values[n] = load(from[n] + offset) }
        for r in 0..<R {
            let w = V(repeating: a[r])
            for n in 0..<N { sums[r][n] = V.muladd(w, values[n], sums[r][n]) }
        }
    }

    /// Whatever is no plain store; apart, since beside it the registers would not be kept through the end of
    /// a short sum.
    @inline(never) private static func finish(
        _ sums: Registers, _ to: InlineArray<N, UnsafeMutablePointer<Scalar>>,
        _ o: ChannelOperands<Scalar>, _ first: Int
    ) {
        var sums = sums
        let between = o.sums + first * R * V.scalarCount
        if !o.isFirst {
            for r in 0..<R {
                for n in 0..<N {
                    let before: V = load(between + (n * R + r) * V.scalarCount)
                    sums[r][n] = V.sum(before, sums[r][n])
                }
            }
        }
        if !o.isLast {
            for r in 0..<R {
                for n in 0..<N { store(sums[r][n], between + (n * R + r) * V.scalarCount) }
            }
        } else if o.width < V.scalarCount {
            narrow(sums, to, o)
        } else {
            for r in 0..<R where r < o.rows {
                for n in 0..<N { store(sums[r][n], to[n] + r * o.outputPitch) }
            }
        }
    }

    /// Rows shorter than a vector, element by element.
    @inline(__always) private static func narrow(
        _ sums: Registers, _ to: InlineArray<N, UnsafeMutablePointer<Scalar>>,
        _ o: ChannelOperands<Scalar>
    ) {
        for r in 0..<R where r < o.rows {
            for n in 0..<N {
                store(sums[r][n], o.edge)
                let row = to[n] + r * o.outputPitch
                for i in 0..<o.width { row[i] = o.edge[i] }
            }
        }
    }
}

extension ChannelTile {
    /// All places, `N` at a time, then one by one.
    static func cover(_ o: ChannelOperands<Scalar>) {
        var first = 0
        while first + N <= o.places.count {
            sum(o, first: first)
            first += N
        }
        if first + 2 <= o.places.count {
            ChannelTile<V, R, 2>.sum(o, first: first)
            first += 2
        }
        while first < o.places.count {
            ChannelTile<V, R, 1>.sum(o, first: first)
            first += 1
        }
    }
}
