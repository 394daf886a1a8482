// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Transposed convolution as ordinary convolutions, one for each residue of the output's index.
///
/// Goals, in order: the right answer for every geometry; no multiplication by an inserted zero; the
/// same product as a convolution's.
///
/// Input i reaches output `o = i·s + k·d − p` through tap k. Write `o = s·q + r` with 0 <= r < s: the
/// taps that reach residue r are those with `r + p − k·d` divisible by s, and
///
///     out[s·q + r] = Σ_k w[k] · in[q + (r + p − k·d) / s]
///
/// is a convolution of stride 1 whose taps are at `(r + p − k·d) / s`. The width's residues of a row of
/// outputs are computed into memory of their own and interleaved on the way out. A residue without
/// taps (kernel shorter than the stride) is the bias. See Dumoulin and Visin, "A guide to convolution
/// arithmetic for deep learning" (2016), section 4.
///
/// *Error*: that of ``ImplicitGEMM``, with a sum shorter by the strides.
struct StridePhases<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    /// All residues of the width, for each residue of depth and height.
    private let rowPhases: [RowPhase]
    private let widthPhases: Int
    /// Elements of one row of C: the pixels of a block, and slack.
    private let ldc: Int
    /// Output channels whose sums are in memory at a time.
    private let rowsAtATime: Int
    /// Elements of C: all residues of the width.
    private let sums: Int
    private let workerElements: Int

    /// The outputs whose depth and height have given residues.
    private struct RowPhase {
        let depth: Int
        let height: Int
        let widths: [WidthPhase]
        var blocks: BlockSizes { widths[0].product.blocks }
    }

    /// The outputs of a row phase whose width has a given residue.
    private struct WidthPhase {
        let product: GridProduct<Scalar>
        let layout: WeightLayout
    }

    init(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.geometry = geometry
        self.kernels = kernels
        self.threads = threads
        let g = geometry
        rowPhases = (0..<min(g.stride.depth, g.outputSize.depth)).flatMap { depth in
            (0..<min(g.stride.height, g.outputSize.height)).map { height in
                RowPhase(
                    depth: depth, height: height,
                    widths: (0..<min(g.stride.width, g.outputSize.width)).map { width in
                        let residue = SpatialTriple(depth: depth, height: height, width: width)
                        let (grid, taps) = Self.grid(g, residue: residue)
                        return WidthPhase(
                            product: GridProduct(
                                grid, channels: g.inputChannelsPerGroup,
                                outputs: g.outputChannelsPerGroup, images: g.batch * g.groups,
                                threads: threads, kernels: kernels),
                            layout: WeightLayout(
                                rowStride: g.kernel.count,
                                channelStride: g.outputChannelsPerGroup * g.kernel.count,
                                taps: taps))
                    })
            }
        }
        widthPhases = rowPhases.first?.widths.count ?? 0
        ldc = (rowPhases.map(\.blocks.mostPixels).max() ?? 0) + kernels.nr
        let fitting = 524_288 / max(1, widthPhases * ldc) / kernels.mr * kernels.mr
        rowsAtATime = max(kernels.mr, min(fitting, g.outputChannelsPerGroup + kernels.mr))
        sums = widthPhases * rowsAtATime * ldc
        let product = rowPhases.flatMap { $0.widths.map(\.product.scratchElements) }.max() ?? 0
        workerElements = (sums + product + 95) / 16 * 16
    }

    /// The grid of a residue and the indices of its taps. All residues of the width have as many
    /// columns as residue 0: what is too many is not copied out.
    static func grid(
        _ g: ConvolutionGeometry, residue: SpatialTriple
    ) -> (grid: TapGrid, taps: [Int]) {
        var positions: [SpatialTriple] = []
        var indices: [Int] = []
        for z in taps(g, 0, residue.depth) {
            for y in taps(g, 1, residue.height) {
                for x in taps(g, 2, residue.width) {
                    let index = (z.index * g.kernel.height + y.index) * g.kernel.width + x.index
                    indices.append(index)
                    positions.append(
                        SpatialTriple(depth: z.position, height: y.position, width: x.position))
                }
            }
        }
        func count(_ dimension: Int, _ residue: Int) -> Int {
            let stride = g.stride[dimension]
            return (g.outputSize[dimension] - residue + stride - 1) / stride
        }
        let size = SpatialTriple(
            depth: count(0, residue.depth), height: count(1, residue.height), width: count(2, 0))
        let one = SpatialTriple(depth: 1, height: 1, width: 1)
        return (
            TapGrid(size: size, inputSize: g.inputSize, stride: one, taps: positions), indices
        )
    }

    /// The taps of one dimension that reach a residue, with their positions in the input.
    private static func taps(
        _ g: ConvolutionGeometry, _ dimension: Int, _ residue: Int
    ) -> [(index: Int, position: Int)] {
        (0..<g.kernel[dimension]).compactMap { k in
            let at = residue + g.paddingBefore[dimension] - k * g.dilation[dimension]
            guard at % g.stride[dimension] == 0 else { return nil }
            return (k, at / g.stride[dimension])
        }
    }

    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    /// The panels of every phase, in the order of `rowPhases` and their widths.
    func prepare(
        _ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?
    ) -> [WeightPanels<Scalar>] {
        rowPhases.flatMap(\.widths).map { phase in
            let panels = WeightPanels<Scalar>(
                m: geometry.outputChannelsPerGroup, k: phase.product.k,
                kc: phase.product.blocks.kc, groups: geometry.groups,
                mr: kernels.mr)
            panels.pack(
                weight, phase.layout, bias: bias, kernels: kernels,
                groupStride: geometry.weightElementsPerGroup, threads: threads)
            return panels
        }
    }

    /// Over the cores: images x groups x row phases x blocks of pixels x splits of output channels.
    func run(_ operands: RunOperands<Scalar>, weights: [WeightPanels<Scalar>]) {
        let tasks = rowPhases.indices.flatMap { phase in
            (0..<rowPhases[phase].blocks.blockCount * rowPhases[phase].blocks.splitCount).map {
                (phase: phase, part: $0)
            }
        }
        ParallelTiles.run(geometry.batch * geometry.groups * tasks.count, threads: threads) {
            task, worker in
            let (phase, part) = tasks[task % tasks.count]
            run(
                rowPhases[phase], part: part, image: task / tasks.count, operands,
                weights: weights[phase * widthPhases..<(phase + 1) * widthPhases],
                operands.scratch + worker * workerElements)
        }
    }

    private func run(
        _ phase: RowPhase, part: Int, image: Int, _ operands: RunOperands<Scalar>,
        weights: ArraySlice<WeightPanels<Scalar>>, _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let pixels = phase.blocks.pixels(ofBlock: part / phase.blocks.splitCount)
        let rows = phase.blocks.channels(ofSplit: part % phase.blocks.splitCount)
        let group = image % geometry.groups
        let channels = geometry.inputChannelsPerGroup
        let input = operands.input + image * channels * geometry.inputSize.count
        let outputs = geometry.outputChannelsPerGroup * geometry.outputSize.count
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsAtATime) {
            let some = first..<min(rows.upperBound, first + rowsAtATime)
            // Row 0 of C would be in front of the memory; rows from `first` on are in it.
            let c = scratch - first * ldc
            for (w, (width, panels)) in zip(phase.widths, weights).enumerated() {
                width.product.run(
                    pixels, rows: some, input: input, panels: panels.panels(ofGroup: group),
                    bias: panels.bias(ofGroup: group), c: c + w * rowsAtATime * ldc, ldc: ldc,
                    scratch: scratch + sums + 32)
            }
            interleave(phase, pixels, some, sums: c, operands, image * outputs)
        }
    }

    /// Rows of sums to rows of outputs: element r of residue w goes to column `s·r + w`.
    private func interleave(
        _ phase: RowPhase, _ pixels: Range<Int>, _ channels: Range<Int>,
        sums: UnsafePointer<Scalar>, _ operands: RunOperands<Scalar>, _ firstOutput: Int
    ) {
        let size = geometry.outputSize, stride = geometry.stride
        let grid = phase.widths[0].product.packer.grid.size
        let phasePitch = rowsAtATime * ldc
        let block = PixelBlock(pixels, of: grid, oneRowBands: true)
        for channel in channels {
            var column = 0
            for row in block.rows {
                let z = row.z * stride.depth + phase.depth
                let y = row.y * stride.height + phase.height
                let first = row.x.lowerBound * stride.width
                let last = min(row.x.upperBound * stride.width, size.width)
                let start = ((channel * size.depth + z) * size.height + y) * size.width
                let to = operands.output + firstOutput + start + first
                kernels.interleave(
                    PhaseRows(
                        phases: sums + channel * ldc + column, pitch: phasePitch,
                        stride: stride.width, row: to, count: last - first))
                operands.finish(to, count: last - first)
                column += row.x.count
            }
        }
    }
}
