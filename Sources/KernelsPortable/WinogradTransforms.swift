// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Winograd's transforms of one dimension, with lanes that are independent of each other.
enum WinogradTransforms<V: KernelVector> {
    typealias Scalar = V.Scalar

    static func run(_ step: WinogradStep, _ o: TransformOperands<Scalar>) -> Bool {
        switch step {
        case .copy: each(o, Copy<V>.self)
        case .copyFour: each(o, CopyFour<V>.self)
        case .input4: each(o, Input4<V>.self)
        case .input5: each(o, Input5<V>.self)
        case .input6: each(o, Input6<V>.self)
        case .outputF42: each(o, OutputF42<V>.self)
        case .weightF42: each(o, WeightF42<V>.self)
        case .outputF23: each(o, OutputF23<V>.self)
        case .outputF43: each(o, OutputF43<V>.self)
        case .outputF25: each(o, OutputF25<V>.self)
        case .weightF23: each(o, WeightF23<V>.self)
        case .weightF43: each(o, WeightF43<V>.self)
        case .weightF25: each(o, WeightF25<V>.self)
        }
    }

    /// Every row, every vector.
    @inline(never) private static func each<M: WinogradMatrix<V>, let I: Int, let O: Int>(
        _ o: TransformOperands<Scalar>, _: M.Type
    ) -> Bool where M.Values == InlineArray<I, V>, M.Results == InlineArray<O, V> {
        var offsets = InlineArray<I, Int>(repeating: 0)
        for i in 0..<I { offsets[i] = o.offsets[i] }
        let addend = V(repeating: o.addend)
        var check = V.zero
        for row in 0..<o.rows {
            var from = o.from + row * o.fromPitch
            var panel = o.to + row * o.toPitch
            var column = o.column, width = o.width, wide = o.widePanels
            for _ in 0..<o.vectors {
                var x = InlineArray<I, V>(repeating: .zero)
                for i in 0..<I { x[i] = load(from + offsets[i]) }
                let y = M.apply(x)
                let to = panel + column * V.scalarCount
                for j in 0..<O {
                    if M.makesOutputs {
                        let sum = V.sum(y[j], addend)
                        check = V.muladd(V.zero, sum, check)
                        store(sum, to + j * o.toStride)
                    } else {
                        store(y[j], to + j * o.toStride)
                    }
                }
                from += V.scalarCount
                column += 1
                if column == width {
                    column = 0
                    panel += o.panelStride
                    wide -= 1
                    if wide == 0 { width -= 1 }
                }
            }
        }
        return !M.makesOutputs || check.isZero
    }
}
