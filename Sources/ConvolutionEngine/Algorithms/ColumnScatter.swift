// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Transposed convolution as a product whose elements are added to where they belong (`col2im`).
///
/// Goals, in order: the right answer for every geometry; memory and time in proportion to the data for
/// strides so large that ``StridePhases`` would have thousands of phases; every weight read once where the
/// input has few pixels.
///
///     C[i, (o, k)] = Σ_c in[c, i] · w[c, (o, k)],    out[o, i·s + k·d − p] += C[i, (o, k)]
///
/// The weights are the columns of the product, in the order in which they came, so that nothing is made of
/// them but copies of rows; the pixels are its rows. Columns are computed some at a time and added tap by
/// tap. An output channel belongs to one core, and its sums run over blocks of taps, then pixels, then
/// taps, whatever the number of cores.
///
/// *Error*: that of ``ImplicitGEMM``, with one more rounding for each tap that reaches an output. Sums
/// start at the bias or 0, so a −0 does not come back as one.
struct ColumnScatter<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let threads: Int
    private let product: GridProduct<Scalar>
    /// Columns of C that are in memory at a time: whole output channels, or taps of one.
    private let columnsAtATime: Int
    /// Output channels of a task.
    private let channelsAtATime: Int

    /// Where the weights of each input channel begin, if there is one pixel.
    private let channelOffsets: [Int32]
    /// Whether the taps of the only pixel are the whole output, in its order.
    private let isWhole: Bool

    /// Rows of C, and columns, that are in memory at a time.
    private static var mostRows: Int { 192 }
    private static var mostColumns: Int { 240 }
    /// Of one pixel, whose rows of weights are read once, a page or more apart: the longer the sooner they are there (100
    /// to 512 channels, 4x4 taps: 0.085 ms with 240, 0.062 with 960).
    private static var mostOfOnePixel: Int { 960 }

    init(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.geometry = geometry
        self.threads = threads
        let taps = geometry.kernel.count, m = geometry.outputChannelsPerGroup
        let tasks = max(1, geometry.batch * geometry.groups)
        let share = max(1, m / max(1, 4 * threads / tasks))
        let mostColumns = geometry.inputSize.count == 1 ? Self.mostOfOnePixel : Self.mostColumns
        channelsAtATime = max(1, min(mostColumns / taps, share))
        columnsAtATime = min(mostColumns, channelsAtATime * taps)
        let size = SpatialTriple(depth: 1, height: 1, width: m * taps)
        let grid = TapGrid(
            size: size, inputSize: size, stride: SpatialTriple(repeating: 1),
            taps: [SpatialTriple(repeating: 0)])
        let rows = min(Self.mostRows, geometry.inputSize.count)
        let hasOnePixel =
            geometry.inputSize.count == 1 && geometry.weightElementsPerGroup <= Int(Int32.max)
        isWhole =
            geometry.inputSize.count == 1 && geometry.outputSize == geometry.kernel
            && geometry.paddingBefore == SpatialTriple(repeating: 0)
            && geometry.kernelExtent == geometry.kernel
        channelOffsets =
            hasOnePixel ? (0..<geometry.inputChannelsPerGroup).map { Int32($0 * m * taps) } : []
        let byteCount = kernels.nr * MemoryLayout<Scalar>.stride
        product = GridProduct(
            grid, channels: geometry.inputChannelsPerGroup, outputs: rows,
            blocks: BlockSizes(
                m: rows, n: columnsAtATime,
                kc: BlockSizes.chunk(
                    k: geometry.inputChannelsPerGroup, taps: 1, panelRowByteCount: byteCount),
                mostPixels: mostColumns + kernels.nr, images: 1, threads: 1, kernels: kernels),
            kernels: kernels)
    }

    private var kernels: GEMMKernels<Scalar> { product.kernels }
    private var paddedRows: Int { (product.outputs + kernels.mr - 1) / kernels.mr * kernels.mr }
    /// Elements of one row of C.
    private var ldc: Int { product.blocks.mostPixels }
    /// Elements of the pixels as panels of A, of C, and of a worker's memory.
    private var panelElements: Int { paddedRows * (product.k + 1) }
    private var sums: Int { paddedRows * ldc }
    private var workerElements: Int {
        (panelElements + sums + product.scratchElements + 160) / 16 * 16
    }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    /// The weights where they are.
    ///
    /// - Parameter owner: what holds `weight`
    func prepare(
        _ weight: UnsafePointer<Scalar>, of owner: TensorStorage, bias: UnsafePointer<Scalar>?
    ) -> WeightSet<Scalar> {
        let panels = WeightPanels<Scalar>(
            .inPlace, weight, of: owner, m: geometry.outputChannelsPerGroup * geometry.kernel.count,
            k: product.k, groups: geometry.groups, mr: kernels.mr)
        return WeightSet(panels: [panels], bias: bias, count: geometry.outputChannels)
    }

    /// Over the cores: images x groups x blocks of output channels.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let m = geometry.outputChannelsPerGroup
        let blocks = (m + channelsAtATime - 1) / channelsAtATime
        ParallelTiles.run(geometry.batch * geometry.groups * blocks, threads: threads) {
            task, worker in
            let image = task / blocks, group = image % geometry.groups
            let first = task % blocks * channelsAtATime
            let channels = first..<min(m, first + channelsAtATime)
            let size = geometry.outputSize.count
            let output = operands.output + image * m * size
            for channel in channels {
                (output + channel * size).initialize(
                    repeating: weights.bias[group * m + channel], count: size)
            }
            let pixels = geometry.inputSize.count
            add(
                channels, operands.input + image * geometry.inputChannelsPerGroup * pixels,
                weights.panels[0].group(group).first, output,
                operands.scratch + worker * workerElements)
            operands.finish(output + first * size, count: channels.count * size)
        }
    }

    /// All taps of some output channels.
    private func add(
        _ channels: Range<Int>, _ input: UnsafePointer<Scalar>, _ weights: UnsafePointer<Scalar>,
        _ output: UnsafeMutablePointer<Scalar>, _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let taps = geometry.kernel.count, pixels = geometry.inputSize.count
        let zeros = scratch + paddedRows * product.k, c = scratch + panelElements + 32
        zeros.initialize(repeating: 0, count: paddedRows)
        let end = channels.upperBound * taps
        for first in stride(from: channels.lowerBound * taps, to: end, by: columnsAtATime) {
            let columns = first..<min(end, first + columnsAtATime)
            for pixel in stride(from: 0, to: pixels, by: product.outputs) {
                let rows = pixel..<min(pixels, pixel + product.outputs)
                if channelOffsets.isEmpty {
                    if first == channels.lowerBound * taps || pixels > product.outputs {
                        pack(input, rows, to: scratch)
                    }
                    product.run(
                        product.table(columns), rows: 0..<rows.count, input: weights,
                        weights: WeightPanels<Scalar>.Group(first: scratch, form: .panels),
                        bias: zeros, c: c, ldc: ldc, scratch: c + sums + 32)
                } else {
                    sumPixel(columns, input, weights, c, zeros)
                }
                for row in rows {
                    scatter(c + (row - pixel) * ldc, columns, pixel: row, output)
                }
            }
        }
    }

    /// One pixel: rows of weights are read where they lie, since each has one use.
    private func sumPixel(
        _ columns: Range<Int>, _ pixel: UnsafePointer<Scalar>, _ weights: UnsafePointer<Scalar>,
        _ sums: UnsafeMutablePointer<Scalar>, _ zeros: UnsafePointer<Scalar>
    ) {
        let kc = product.blocks.kc
        channelOffsets.withUnsafeBufferPointer { offsets in
            for first in stride(from: 0, to: product.k, by: kc) {
                kernels.slide(
                    SlideOperands(
                        rows: 1, depth: min(kc, product.k - first), a: pixel + first,
                        b: weights + columns.lowerBound, offsets: offsets.baseAddress! + first,
                        c: sums, ldc: ldc,
                        vectors: (columns.count + kernels.lanes - 1) / kernels.lanes,
                        bias: first == 0 ? zeros : nil, accumulate: first > 0))
            }
        }
    }

    /// Pixels of all channels as panels of A `[chunk][pixel / mr][channel][mr]`.
    private func pack(
        _ input: UnsafePointer<Scalar>, _ pixels: Range<Int>,
        to panels: UnsafeMutablePointer<Scalar>
    ) {
        let mr = kernels.mr, count = geometry.inputSize.count
        for first in stride(from: 0, to: product.k, by: product.blocks.kc) {
            let depth = min(product.blocks.kc, product.k - first)
            for row in stride(from: 0, to: pixels.count, by: mr) {
                var to = panels + first * paddedRows + row * depth
                let some = min(mr, pixels.count - row)
                for channel in first..<first + depth {
                    let from = input + channel * count + pixels.lowerBound + row
                    for r in 0..<mr { to[r] = r < some ? from[r] : 0 }
                    to += mr
                }
            }
        }
    }

    /// One row of C, added to the outputs that its taps reach: neighbouring taps of a row of the kernel at
    /// a time.
    private func scatter(
        _ sums: UnsafePointer<Scalar>, _ columns: Range<Int>, pixel: Int,
        _ output: UnsafeMutablePointer<Scalar>
    ) {
        let g = geometry, size = g.outputSize, width = g.kernel.width
        if isWhole {
            for i in columns { output[i] += sums[i - columns.lowerBound] }
            return
        }
        let left = pixel % g.inputSize.width * g.stride.width - g.paddingBefore.width
        let top =
            pixel / g.inputSize.width % g.inputSize.height * g.stride.height
            - g.paddingBefore.height
        let front =
            pixel / g.inputSize.width / g.inputSize.height * g.stride.depth
            - g.paddingBefore.depth
        var column = columns.lowerBound
        while column < columns.upperBound {
            let tap = column % g.kernel.count
            let kx = tap % width, ky = tap / width % g.kernel.height
            let run = min(width - kx, columns.upperBound - column)
            let z = front + tap / width / g.kernel.height * g.dilation.depth
            let y = top + ky * g.dilation.height
            if z >= 0, z < size.depth, y >= 0, y < size.height {
                let plane = (column / g.kernel.count * size.depth + z) * size.height + y
                add(
                    sums + column - columns.lowerBound, run, at: left + kx * g.dilation.width,
                    output + plane * size.width)
            }
            column += run
        }
    }

    /// Sums of neighbouring taps, the first of which reaches column `x` of a row of outputs.
    private func add(
        _ sums: UnsafePointer<Scalar>, _ count: Int, at x: Int,
        _ row: UnsafeMutablePointer<Scalar>
    ) {
        let step = geometry.dilation.width, width = geometry.outputSize.width
        if step == 1 {
            for i in max(0, -x)..<max(0, -x, min(count, width - x)) { row[x + i] += sums[i] }
        } else {
            for i in 0..<count {
                let at = x + i * step
                if at >= 0, at < width { row[at] += sums[i] }
            }
        }
    }
}
