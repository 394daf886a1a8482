// SPDX-License-Identifier: Apache-2.0

/// The input of a convolution with its border written out, and the adjoint of that.
///
///     extended[i] = input[source(i)], or the constant where no element of the input stands
///
/// Goals, in order: the values of `torch.nn.functional.pad`; a copy at the speed of memory. Zeros never
/// come here: the packers have them for nothing.
package struct BorderedInput: Sendable {
    private let planes: Int
    private let size: SpatialTriple
    private let extended: SpatialTriple
    /// For each index of the extended input the one of the input, by dimension; -1 for the constant.
    private let sources: [[Int]]
    private let constant: Double
    private let before: Int

    /// - Parameters:
    ///   - geometry: forward; checked for this border
    ///   - border: anything but zeros
    package init(_ geometry: ConvolutionGeometry, _ border: Border) {
        planes = geometry.batch * geometry.inputChannels
        size = geometry.inputSize
        extended = geometry.withPaddedInput().inputSize
        before = geometry.paddingBefore.width
        if case .constant(let value) = border { constant = value } else { constant = 0 }
        let size = size, extended = extended
        sources = (0..<3).map { dimension in
            (0..<extended[dimension]).map {
                border.source($0 - geometry.paddingBefore[dimension], size: size[dimension]) ?? -1
            }
        }
    }

    /// The input with its border; `shape` is the extended one.
    package func extend<Scalar: TensorScalar>(
        _ input: Tensor, shape: [Int], _: Scalar.Type
    ) -> Tensor {
        input.withElements(of: Scalar.self) { input in
            Tensor(shape: shape, of: Scalar.self) { extended in
                guard let to = extended.baseAddress, let from = input.baseAddress else { return }
                let memory = Memory(from: from, to: to)
                ParallelTiles.run(planes, threads: threads) { plane, _ in
                    extend(
                        memory.from + plane * size.count, memory.to + plane * self.extended.count)
                }
            }
        }
    }

    /// The adjoint: every element of the input gets the sum of the extended ones that came from it.
    package func fold<Scalar: TensorScalar>(
        _ gradient: Tensor, shape: [Int], _: Scalar.Type
    ) -> Tensor {
        gradient.withElements(of: Scalar.self) { gradient in
            Tensor(shape: shape, of: Scalar.self) { sums in
                sums.initialize(repeating: 0)
                guard let to = sums.baseAddress, let from = gradient.baseAddress else { return }
                let memory = Memory(from: from, to: to)
                ParallelTiles.run(planes, threads: threads) { plane, _ in
                    fold(memory.from + plane * extended.count, memory.to + plane * size.count)
                }
            }
        }
    }

    private struct Memory<Scalar>: @unchecked Sendable {
        let from: UnsafePointer<Scalar>
        let to: UnsafeMutablePointer<Scalar>
    }

    /// A copy is as fast as memory is; helpers pay from about a megabyte on.
    private var threads: Int {
        planes * extended.count < 262_144 ? 1 : ProcessorCount.available
    }

    private func extend<Scalar: TensorScalar>(
        _ from: UnsafePointer<Scalar>, _ to: UnsafeMutablePointer<Scalar>
    ) {
        var row = to
        for z in sources[0] {
            for y in sources[1] {
                if z < 0 || y < 0 {
                    row.initialize(repeating: Scalar(constant), count: extended.width)
                } else {
                    let values = from + (z * size.height + y) * size.width
                    for x in 0..<before { row[x] = value(values, sources[2][x]) }
                    (row + before).initialize(from: values, count: size.width)
                    for x in before + size.width..<extended.width {
                        row[x] = value(values, sources[2][x])
                    }
                }
                row += extended.width
            }
        }
    }

    private func value<Scalar: TensorScalar>(
        _ values: UnsafePointer<Scalar>, _ source: Int
    ) -> Scalar {
        source < 0 ? Scalar(constant) : values[source]
    }

    private func fold<Scalar: TensorScalar>(
        _ from: UnsafePointer<Scalar>, _ to: UnsafeMutablePointer<Scalar>
    ) {
        var row = from
        for z in sources[0] {
            for y in sources[1] {
                if z >= 0 && y >= 0 {
                    let sums = to + (z * size.height + y) * size.width
                    for (x, source) in sources[2].enumerated() where source >= 0 {
                        sums[source] += row[x]
                    }
                }
                row += extended.width
            }
        }
    }
}
