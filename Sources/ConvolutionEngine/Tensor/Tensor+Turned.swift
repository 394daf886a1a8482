// SPDX-License-Identifier: Apache-2.0

/// Sizes of the weights `[groups · rows, channels, taps]` of some convolution.
struct WeightSizes: Sendable {
    let groups, rows, channels, taps: Int

    var count: Int { groups * rows * channels * taps }
}

extension Tensor {
    /// Weights with the channels of each group exchanged and their kernels turned round:
    ///
    ///     turned[g · channels + c, r, t] = weights[g · rows + r, c, taps − 1 − t]
    ///
    /// - Parameters:
    ///   - sizes: of the weights as they are
    ///   - shape: the shape of the result
    func turned<Scalar: TensorScalar>(
        _ sizes: WeightSizes, shape: [Int], threads: Int, _: Scalar.Type
    ) -> Tensor {
        withElements(of: Scalar.self) { from in
            Tensor(shape: shape, of: Scalar.self) { to in
                guard let from = from.baseAddress, let to = to.baseAddress else { return }
                let turn = WeightTurn(sizes: sizes, from: from, to: to)
                // A task of some 32 KB.
                let perGroup = max(
                    1,
                    min(
                        (sizes.channels + 15) / 16, sizes.count / max(1, sizes.groups) / 8192))
                let groups = perGroup == 1 ? max(1, 8192 * sizes.groups / max(1, sizes.count)) : 1
                let parts = (sizes.groups + groups - 1) / groups
                ParallelTiles.run(
                    parts * perGroup, threads: sizes.count < 65_536 ? 1 : threads
                ) { task, _ in
                    let part = task % perGroup, first = task / perGroup * groups
                    let channels =
                        sizes.channels * part / perGroup..<sizes.channels * (part + 1) / perGroup
                    for group in first..<min(sizes.groups, first + groups) {
                        turn.run(group, channels)
                    }
                }
            }
        }
    }
}

/// The memory of ``Tensor/turned(_:shape:threads:_:)``: each task writes channels of its own.
private struct WeightTurn<Scalar: TensorScalar>: @unchecked Sendable {
    let sizes: WeightSizes
    let from: UnsafePointer<Scalar>
    let to: UnsafeMutablePointer<Scalar>

    /// The taps of a kernel, four at a time.
    @inline(__always)
    private func reverse(_ values: UnsafePointer<Scalar>, to turned: UnsafeMutablePointer<Scalar>) {
        let last = sizes.taps - 1
        var tap = 0
        while tap + 4 <= sizes.taps {
            let from = values + (last - tap)
            let four = SIMD4(from[0], from[-1], from[-2], from[-3])
            UnsafeMutableRawPointer(turned + tap).storeBytes(of: four, as: SIMD4<Scalar>.self)
            tap += 4
        }
        while tap < sizes.taps {
            turned[tap] = values[last - tap]
            tap += 1
        }
    }

    /// Sixteen channels at a time, so that whole lines are read and written.
    func run(_ group: Int, _ channels: Range<Int>) {
        let (rows, taps) = (sizes.rows, sizes.taps)
        for first in stride(from: channels.lowerBound, to: channels.upperBound, by: 16) {
            let some = first..<min(channels.upperBound, first + 16)
            for row in 0..<rows {
                var values = from + ((group * rows + row) * sizes.channels + first) * taps
                var turned = to + ((group * sizes.channels + first) * rows + row) * taps
                for _ in some {
                    reverse(values, to: turned)
                    values += taps
                    turned += rows * taps
                }
            }
        }
    }
}
