// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Convolution by sliding the kernel over the input: nothing is unfolded, the sums read their windows
/// where they lie.
///
/// Goals, in order: the right answer for every geometry; few output channels a group (depthwise above
/// all), where a matrix product would pack more than it multiplies; the smallest requests.
///
/// A band of output rows needs the padded rows of its input channels (``PlaneLayout``); in them the
/// windows of neighbouring outputs are neighbours, so for every output row
///
///     out[o, x ...] = bias[o] + Σ_{c, t} w[o, c, t] · plane[offset(c, t) + x ...]
///
/// is a sum of whole vectors, in registers, for one output channel or a panel of them.
///
/// *Error*: that of ``ImplicitGEMM``; sums are cut at 256 products as there.
struct SlidingWindow<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    private let packer: ColumnPacker<Scalar>
    private let layout: PlaneLayout
    private let offsets: [Int32]
    private let bandRows: Int
    /// Rows of a panel of weights: 1 where a group has fewer output channels than a tile has rows.
    let mr: Int

    /// Nil where padded rows would be larger than a worker's memory should be (``SlidingField``).
    init?(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        let field = SlidingField(geometry)
        guard field.isModest else { return nil }
        let grid = TapGrid(geometry)
        self.geometry = geometry
        self.kernels = kernels
        self.threads = threads
        mr = geometry.outputChannelsPerGroup < kernels.mr ? 1 : kernels.mr
        let width = geometry.outputSize.width, height = geometry.outputSize.height
        let channels = max(1, geometry.inputChannelsPerGroup)
        // Enough bands for every core.
        let images = max(1, geometry.batch * geometry.groups)
        let share = (threads + images - 1) / images
        bandRows = max(1, min(field.fittingRows, (height + share - 1) / share))
        let layout = PlaneLayout(grid, mostPixels: width * bandRows, wholeRows: true)
        guard let layout, layout.count <= 4 * PlaneLayout.mostElements / channels else {
            preconditionFailure("a modest field has a layout: \(geometry)")
        }
        self.layout = layout
        packer = ColumnPacker(grid, layout: layout, kernels: kernels)
        let count = layout.count
        offsets = (0..<geometry.inputChannelsPerGroup).flatMap { channel in
            layout.tapOffsets.map { Int32(channel * count) + $0 }
        }
    }

    private var k: Int { offsets.count }
    private var planeElements: Int { geometry.inputChannelsPerGroup * layout.count }
    /// Whole vectors of an output row.
    private var rowPitch: Int {
        (geometry.outputSize.width + kernels.lanes - 1) / kernels.lanes * kernels.lanes
    }
    private var workerElements: Int {
        (planeElements + (mr + 2) * rowPitch + 16 * kernels.lanes + 79) / 16 * 16
    }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    func prepare(_ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?) -> WeightPanels<
        Scalar
    > {
        let panels = WeightPanels<Scalar>(
            m: geometry.outputChannelsPerGroup, k: k, kc: k, groups: geometry.groups, mr: mr)
        let taps = geometry.kernel.count
        panels.pack(
            weight,
            WeightLayout(rowStride: k, channelStride: taps, taps: Array(0..<taps)), bias: bias,
            kernels: kernels, groupStride: geometry.weightElementsPerGroup, threads: threads)
        return panels
    }

    /// Over the cores: images x groups x depths x bands of rows.
    func run(_ operands: RunOperands<Scalar>, weights: WeightPanels<Scalar>) {
        let size = geometry.outputSize
        let bands = (size.height + bandRows - 1) / bandRows
        let perImage = size.depth * bands
        ParallelTiles.run(geometry.batch * geometry.groups * perImage, threads: threads) {
            task, worker in
            let first = task % bands * bandRows
            let band = PixelBlock.Band(
                z: task % perImage / bands, y: first..<min(size.height, first + bandRows),
                x: 0..<size.width)
            run(
                band, image: task / perImage, operands, weights: weights,
                operands.scratch + worker * workerElements)
        }
    }

    private func run(
        _ band: PixelBlock.Band, image: Int, _ operands: RunOperands<Scalar>,
        weights: WeightPanels<Scalar>, _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let channels = geometry.inputChannelsPerGroup, m = geometry.outputChannelsPerGroup
        let group = image % geometry.groups
        let block = PixelBlock(bands: layout.oneRowBands ? band.split : [band])
        let row = scratch, planes = scratch + mr * rowPitch + 2 * kernels.lanes
        for channel in 0..<channels {
            let values =
                operands.input + (image * channels + channel) * geometry.inputSize.count
            packer.fill(values, layout, block, planes + channel * layout.count)
        }
        let panels = weights.panels(ofGroup: group), bias = weights.bias(ofGroup: group)
        let size = geometry.outputSize
        for o in stride(from: 0, to: m, by: mr) {
            for y in band.y {
                let down =
                    layout.oneRowBands
                    ? (y - band.y.lowerBound) * layout.bandPitch
                    : (y - band.y.lowerBound) * geometry.stride.height * layout.rowPitch
                sum(panels + o / mr * k * mr, bias + o, windows: planes + down, into: row)
                for r in 0..<min(mr, m - o) {
                    let start = ((image * m + o + r) * size.depth + band.z) * size.height + y
                    let to = operands.output + start * size.width
                    kernels.interleave(
                        PhaseRows(
                            phases: row + r * rowPitch, pitch: 0, stride: 1, row: to,
                            count: size.width))
                    operands.finish(to, count: size.width)
                }
            }
        }
    }

    /// One output row of a panel of channels, in pieces of the sum.
    private func sum(
        _ a: UnsafePointer<Scalar>, _ bias: UnsafePointer<Scalar>, windows: UnsafePointer<Scalar>,
        into row: UnsafeMutablePointer<Scalar>
    ) {
        offsets.withUnsafeBufferPointer { offsets in
            var k0 = 0
            repeat {
                let depth = min(256, k - k0)
                kernels.slide(
                    SlideOperands(
                        rows: mr, depth: depth, a: a + k0 * mr, b: windows,
                        offsets: offsets.baseAddress.map { $0 + k0 } ?? Self.noOffsets, c: row,
                        ldc: rowPitch, vectors: rowPitch / kernels.lanes,
                        bias: k0 == 0 ? bias : nil, accumulate: k0 > 0))
                k0 += depth
            } while k0 < k
        }
    }

    private static var noOffsets: UnsafePointer<Int32> { UnsafePointer(bitPattern: 64)! }
}
