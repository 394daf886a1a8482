// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Transposed convolution as a product whose rows are added to where they belong (`col2im`).
///
/// Goals, in order: the right answer for every geometry; memory and time in proportion to the data for
/// strides so large that ``StridePhases`` would have thousands of phases.
///
///     C[(o, k), i] = Σ_c w[c, o, k] · in[c, i],    out[o, i·s + k·d − p] += C[(o, k), i]
///
/// The product has the input as its columns, unchanged. Its rows are made some at a time and added
/// tap by tap; an output channel belongs to one core, and its sums run over blocks of pixels, then taps,
/// whatever the number of cores.
///
/// *Error*: that of ``ImplicitGEMM``, with one more rounding for each tap that reaches an output. Sums
/// start at the bias or 0, so a −0 does not come back as one.
struct ColumnScatter<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let product: GridProduct<Scalar>
    let threads: Int
    /// Rows of C that are in memory at a time.
    private let rowsAtATime: Int

    init(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.geometry = geometry
        self.threads = threads
        let one = SpatialTriple(depth: 1, height: 1, width: 1)
        let here = SpatialTriple(depth: 0, height: 0, width: 0)
        let grid = TapGrid(
            size: geometry.inputSize, inputSize: geometry.inputSize, stride: one, taps: [here])
        product = GridProduct(
            grid, channels: geometry.inputChannelsPerGroup,
            outputs: geometry.outputChannelsPerGroup * geometry.kernel.count, images: threads,
            threads: threads, kernels: kernels)
        let rows = 262_144 / product.blocks.mostPixels / kernels.mr * kernels.mr
        rowsAtATime = max(kernels.mr, rows)
    }

    private var sums: Int { (rowsAtATime + product.kernels.mr) * product.blocks.mostPixels }
    private var workerElements: Int { (sums + product.scratchElements + 95) / 16 * 16 }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    func prepare(
        _ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?
    ) -> WeightSet<Scalar> {
        let rows = product.outputs
        let panels = WeightPanels<Scalar>(
            m: rows, k: product.k, kc: product.blocks.kc, groups: geometry.groups,
            mr: product.kernels.mr)
        panels.pack(
            weight, WeightLayout(rowStride: 1, channelStride: rows, taps: [0]), bias: nil,
            kernels: product.kernels, groupStride: geometry.weightElementsPerGroup,
            threads: threads)
        let start = bias.map {
            Array(UnsafeBufferPointer(start: $0, count: geometry.outputChannels))
        }
        return WeightSet(
            panels: [panels], bias: start ?? Array(repeating: 0, count: geometry.outputChannels))
    }

    /// Over the cores: images x groups x output channels.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let m = geometry.outputChannelsPerGroup
        ParallelTiles.run(geometry.batch * geometry.groups * m, threads: threads) { task, worker in
            let image = task / m, channel = task % m
            let output = operands.output + task * geometry.outputSize.count
            let group = image % geometry.groups
            output.initialize(
                repeating: weights.bias[group * m + channel], count: geometry.outputSize.count)
            let input =
                operands.input + image * geometry.inputChannelsPerGroup * geometry.inputSize.count
            add(
                channel, input, weights.panels[0], group, output,
                operands.scratch + worker * workerElements)
            operands.finish(output, count: geometry.outputSize.count)
        }
    }

    /// All taps of one output channel.
    private func add(
        _ channel: Int, _ input: UnsafePointer<Scalar>, _ weights: WeightPanels<Scalar>,
        _ group: Int, _ output: UnsafeMutablePointer<Scalar>,
        _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let blocks = product.blocks, mr = product.kernels.mr, ldc = blocks.mostPixels
        let taps = geometry.kernel.count
        let wanted = channel * taps..<(channel + 1) * taps
        for block in 0..<blocks.blockCount {
            let pixels = blocks.pixels(ofBlock: block)
            let pieces = PixelBlock(pixels, of: geometry.inputSize, oneRowBands: true).rows
            // Panels begin at multiples of mr: the first may hold rows of the channel before.
            for first in stride(
                from: wanted.lowerBound / mr * mr, to: wanted.upperBound, by: rowsAtATime)
            {
                let rows = first..<min(first + rowsAtATime, wanted.upperBound)
                product.run(
                    pixels, rows: rows, input: input, panels: weights.panels(ofGroup: group),
                    bias: weights.bias(ofGroup: group), c: scratch - first * ldc, ldc: ldc,
                    scratch: scratch + sums + 32)
                for row in rows where wanted.contains(row) {
                    scatter(
                        scratch + (row - first) * ldc, tap: row - wanted.lowerBound, pieces, output)
                }
            }
        }
    }

    /// One row of C, added to the outputs that its tap reaches.
    private func scatter(
        _ sums: UnsafePointer<Scalar>, tap: Int, _ pieces: [(z: Int, y: Int, x: Range<Int>)],
        _ output: UnsafeMutablePointer<Scalar>
    ) {
        let g = geometry
        let kx = tap % g.kernel.width, ky = tap / g.kernel.width % g.kernel.height
        let kz = tap / g.kernel.width / g.kernel.height
        let right = kx * g.dilation.width - g.paddingBefore.width
        var from = sums
        for piece in pieces {
            let z = piece.z * g.stride.depth + kz * g.dilation.depth - g.paddingBefore.depth
            let y = piece.y * g.stride.height + ky * g.dilation.height - g.paddingBefore.height
            if z >= 0, z < g.outputSize.depth, y >= 0, y < g.outputSize.height {
                let row = output + (z * g.outputSize.height + y) * g.outputSize.width
                for (i, x) in piece.x.enumerated() {
                    let at = x * g.stride.width + right
                    if at >= 0, at < g.outputSize.width { row[at] += from[i] }
                }
            }
            from += piece.x.count
        }
    }
}
