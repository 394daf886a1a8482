// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// `R` output channels, one or two panels of them, by `N` vectors of pixels in registers, the vectors wherever
/// they lie.
///
/// Few of the vectors are aligned, and one that is not costs a load port two turns: eight channels by three vectors
/// load 14 times for 24 multiply-adds, four by four 12 times for 16.
///
/// Never inlined, for the reason given at ``Tile``.
enum ChannelTile<V: KernelVector, let R: Int, let N: Int> {
    typealias Scalar = V.Scalar
    typealias Registers = InlineArray<R, InlineArray<N, V>>

    /// Channels of a panel.
    @inline(__always) static var panel: Int { 4 }

    /// As many tiles as the places from `first` on fill; the first place that is left.
    @inline(never) private static func sums(_ o: ChannelOperands<Scalar>, from first: Int) -> Int {
        var first = first
        let addsBias = o.isFirst && hasBias(o)
        while first + N <= o.places.count {
            sum(o, first: first, addsBias: addsBias)
            first += N
        }
        return first
    }

    /// Whether it changes any sum.
    @inline(__always) private static func hasBias(_ o: ChannelOperands<Scalar>) -> Bool {
        var hasBias = false
        for r in 0..<R where o.bias[r] != 0 || o.bias[r].sign == .plus { hasBias = true }
        return hasBias
    }

    @inline(__always) private static func sum(
        _ o: ChannelOperands<Scalar>, first: Int, addsBias: Bool
    ) {
        var from = InlineArray<N, UnsafePointer<Scalar>>(repeating: o.windows)
        var to = InlineArray<N, UnsafeMutablePointer<Scalar>>(repeating: o.output)
        for n in 0..<N {
            from[n] += o.places[first + n].from
            to[n] += o.places[first + n].to
        }
        var sums = Registers(repeating: .init(repeating: .zero))
        var a = o.a + o.taps.first * panel, offsets = o.offsets + o.taps.first
        if o.taps.count > 0 {
            step(&sums, a, o.panelPitch, from, offsets.pointee, isFirst: true)
            for _ in 1..<o.taps.count {
                a += panel
                offsets += 1
                step(&sums, a, o.panelPitch, from, offsets.pointee, isFirst: false)
            }
        }
        if addsBias {
            for r in 0..<R {
                for n in 0..<N { sums[r][n] = V.sum(V(repeating: o.bias[r]), sums[r][n]) }
            }
        }
        if o.isFirst && o.isLast && o.rows == R && o.width >= V.scalarCount {
            for r in 0..<R {
                for n in 0..<N { store(sums[r][n], to[n] + r * o.outputPitch) }
            }
        } else {
            finish(sums, to, o, first)
        }
    }

    /// The first step adds to nothing. Products read two registers, and while they are made the stores of the tile
    /// before find the port free through which Zen 5 reads both what is stored and a multiply-add's third operand: a
    /// store of 512 bits takes the place of two multiply-adds, but of no product and of no addition.
    @inline(__always) private static func step(
        _ sums: inout Registers, _ a: UnsafePointer<Scalar>, _ panelPitch: Int,
        _ from: InlineArray<N, UnsafePointer<Scalar>>, _ offset: Int, isFirst: Bool
    ) {
        var values = InlineArray<N, V>(repeating: .zero)
        for n in 0..<N { values[n] = load(from[n] + offset) }
        for r in 0..<R {
            let w = V(repeating: a[r / panel * panelPitch + r % panel])
            for n in 0..<N {
                sums[r][n] = isFirst ? V.product(w, values[n]) : V.muladd(w, values[n], sums[r][n])
            }
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
    /// All places, `N` at a time, then two, then one.
    @inline(__always) static func cover(_ o: ChannelOperands<Scalar>) {
        let pairs = sums(o, from: 0)
        let rest = ChannelTile<V, R, 2>.sums(o, from: pairs)
        _ = ChannelTile<V, R, 1>.sums(o, from: rest)
    }
}
