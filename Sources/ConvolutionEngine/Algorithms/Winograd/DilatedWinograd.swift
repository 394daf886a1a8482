// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// ``Winograd`` for every dilation: on the image itself where there is none, else on its sub-grids.
///
/// Outputs whose row is r modulo the dilation look only at rows of the padded input that are r modulo the
/// dilation too, and likewise for columns: with dilations d and e,
///
///     out[d·q + r][e·t + s] = Σ w[k][l] · padded[d·(q + k) + r][e·(t + l) + s]
///
/// is a convolution without dilation of each of d·e sub-grids. An image's sub-grids are gathered one below the
/// other, with their padding, convolved as one image, and merged on the way out, row by row; where a window
/// looks at two of them, nobody looks at the output. An image at a time: what it needs of memory does not depend
/// on the batch.
struct DilatedWinograd<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    /// Of the sub-grids of an image or, where there are none, of all images.
    private let grids: Winograd<Scalar>

    /// Nil where ``Winograd/obstacle(to:precision:)`` is not.
    init?(
        _ geometry: ConvolutionGeometry, precision: Precision, kernels: GEMMKernels<Scalar>,
        threads: Int
    ) {
        guard Winograd<Scalar>.obstacle(to: geometry, precision: precision) == nil,
            let grids = Winograd(
                geometry.hasSubGrids ? geometry.subGrids : geometry, precision: precision,
                kernels: kernels, threads: threads)
        else { return nil }
        (self.geometry, self.kernels, self.threads) = (geometry, kernels, threads)
        self.grids = grids
    }

    func prepare(_ weight: Tensor, bias: Tensor?, use: WeightUse) -> WinogradWeights<Scalar> {
        grids.prepare(weight, bias: bias, use: use)
    }

    /// Whether the copies of an image take 24 MB at most.
    static func isModest(_ g: ConvolutionGeometry) -> Bool {
        let grids = Double(g.subGridsDown) * Double(g.subGridsAcross)
        let height = g.outputSize.height / g.subGridsDown + g.kernel.height
        let width = g.outputSize.width / g.subGridsAcross + g.kernel.width
        let planes = Double(g.inputChannels + g.outputChannels) * Double(g.inputSize.depth)
        return grids * planes * Double(height) * Double(width) <= 6 * 1_048_576
    }

    /// What may be read before and behind an input.
    private var margin: Int { 64 }
    private var inputElements: Int { (grids.geometry.inputCount + 2 * margin + 15) / 16 * 16 }
    private var outputElements: Int { (grids.geometry.outputCount + margin + 15) / 16 * 16 }

    var scratchByteCount: Int {
        guard geometry.hasSubGrids else { return grids.scratchByteCount }
        return (inputElements + outputElements) * MemoryLayout<Scalar>.stride
            + grids.scratchByteCount
    }

    func run(_ operands: RunOperands<Scalar>, weights: WinogradWeights<Scalar>) {
        guard geometry.hasSubGrids else { return grids.run(operands, weights: weights) }
        let input = operands.scratch + margin
        let output = operands.scratch + inputElements
        for image in 0..<geometry.batch {
            gather(operands.input + image * geometry.inputCount / geometry.batch, to: input)
            grids.run(
                RunOperands(
                    input: input, output: output, scratch: output + outputElements, added: nil,
                    activation: .none),
                weights: weights)
            merge(output, image: image, operands)
        }
    }

    /// Over the cores: channels.
    private func gather(_ image: UnsafePointer<Scalar>, to grid: UnsafeMutablePointer<Scalar>) {
        let g = geometry, size = grids.geometry.inputSize, height = g.subGridHeight
        let from = UncheckedPointer(UnsafeMutablePointer(mutating: image))
        let to = UncheckedPointer(grid)
        let (down, across) = (g.subGridsDown, g.subGridsAcross)
        ParallelTiles.run(g.inputChannels, threads: threads) { channel, _ in
            for index in 0..<down * across * size.depth {
                let z = index % size.depth
                let r = index / size.depth / across, s = index / size.depth % across
                let plane =
                    from.pointer
                    + (channel * size.depth + z) * g.inputSize.height * g.inputSize.width
                var row =
                    to.pointer
                    + ((channel * size.depth + z) * size.height + (r * across + s) * height)
                    * size.width
                // Columns t of the sub-grid with 0 <= across·t + left < width.
                let left = s - g.paddingBefore.width
                let low = min(size.width, max(0, (across - 1 - left) / across))
                let high = max(
                    low, min(size.width, (g.inputSize.width - left + across - 1) / across))
                for i in 0..<height {
                    let y = down * i + r - g.paddingBefore.height
                    if y < 0 || y >= g.inputSize.height {
                        row.update(repeating: .zero, count: size.width)
                    } else {
                        let values = plane + y * g.inputSize.width + left
                        row.update(repeating: .zero, count: low)
                        for t in low..<high { row[t] = values[across * t] }
                        (row + high).update(repeating: .zero, count: size.width - high)
                    }
                    row += size.width
                }
            }
        }
    }

    /// Over the cores: output channels.
    private func merge(
        _ grid: UnsafeMutablePointer<Scalar>, image: Int, _ operands: RunOperands<Scalar>
    ) {
        let g = geometry, size = g.outputSize, part = grids.geometry.outputSize
        let (down, across) = (g.subGridsDown, g.subGridsAcross)
        let from = UncheckedPointer(grid)
        ParallelTiles.run(g.outputChannels, threads: threads) { channel, _ in
            for z in 0..<size.depth {
                let plane = channel * size.depth + z
                let output =
                    operands.output
                    + (image * g.outputChannels * size.depth + plane) * size.height * size.width
                for y in 0..<size.height {
                    let row = output + y * size.width
                    let first = y % down * across * g.subGridHeight + y / down
                    kernels.interleave(
                        PhaseRows(
                            phases: from.pointer + (plane * part.height + first) * part.width,
                            pitch: g.subGridHeight * part.width, stride: across, row: row,
                            count: size.width))
                    operands.finish(row, count: size.width)
                }
            }
        }
    }
}

extension ConvolutionGeometry {
    /// Sub-grids of the rows: the dilation, where the kernel has more than one tap there.
    var subGridsDown: Int { kernel.height > 1 ? dilation.height : 1 }
    /// Those of the columns.
    var subGridsAcross: Int { kernel.width > 1 ? dilation.width : 1 }
    /// Transposed convolutions have none.
    var hasSubGrids: Bool { direction == .forward && subGridsDown * subGridsAcross > 1 }

    /// Rows of a sub-grid with its padding.
    var subGridHeight: Int {
        (outputSize.height + subGridsDown - 1) / subGridsDown + kernel.height - 1
    }

    /// The sub-grids of one image one below the other, without dilation and with their padding as input. All are
    /// as large as the largest, which makes outputs that nobody asked for, as do those between two of them.
    var subGrids: ConvolutionGeometry {
        var grids = self
        let (down, across) = (subGridsDown, subGridsAcross)
        grids.batch = 1
        grids.dilation = SpatialTriple(depth: dilation.depth, height: 1, width: 1)
        grids.outputSize = SpatialTriple(
            depth: outputSize.depth, height: down * across * subGridHeight - (kernel.height - 1),
            width: (outputSize.width + across - 1) / across)
        grids.inputSize = SpatialTriple(
            depth: inputSize.depth, height: down * across * subGridHeight,
            width: grids.outputSize.width + kernel.width - 1)
        grids.paddingBefore = SpatialTriple(
            depth: paddingBefore.depth, height: 0, width: 0)
        grids.paddingAfter = SpatialTriple(depth: paddingAfter.depth, height: 0, width: 0)
        return grids
    }
}
