// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Convolution in registers, from rows where they lie: no matrix is packed.
///
/// Goals, in order: the right answer for every geometry; depthwise layers, groups of few channels, images
/// of one channel and layers of few outputs at the speed of the memory or of the multiply-adds; no cost
/// but the sums for the smallest requests (weights are read as they came, a plan is a few numbers).
///
/// 1. In a stride-phased padded row the windows of neighbouring outputs are neighbours, so that a vector of
///    outputs is a sum of whole vectors. Rows of stride 1 are read from the input itself, with a mask where
///    they have padding beside them; others from a copy of the block that stays in L1.
///
/// 2. Few output channels: a tile is a few rows of one output channel (`RowKernels.sumRows`). Output rows
///    t and t + 1 are dilation rows apart, so that their windows overlap in all rows of taps but one:
///
///        out[t, x] = bias + Σ_{plane, j, i} w[plane, i, j] · row[plane, t·step + i][column(j) + x]
///
///    An input vector is loaded once for all the rows of the tile that look at it. With a dilation d there
///    are d interleaved sets of such rows (``DirectBlocks/residues``). Where output rows share nothing
///    (strides above 2), each row of taps is a plane of its own.
///
///    Depthwise windows of 3x3 and 5x5 taps roll from the top of a plane to its end (`RowKernels.rollRows`): each
///    row is loaded once. Others with strides or short rows have a channel in each lane instead (``LaneBlocks``,
///    `RowKernels.sumLanes`): pixels are turned into lanes, summed, and turned back.
///
/// 3. More output channels: a tile is four of them, or eight, by a few vectors of pixels (`RowKernels.sumChannels`);
///    weights are packed in fours.
///
/// 4. Zeros are multiplied like any other number, unless the weights are finite: then depths of padding are passed over
///    where a tile has four channels, and rows of padding where it has one and the kernel is high (four, six or
///    more than seven rows).
///
/// *Error*: sums are cut at 256 or 320 products, about as in ``ImplicitGEMM``; a 31x31 kernel keeps to
/// ``Precision/strict``.
///
/// A class, since a plan hands its algorithm on in each run, and copying this one takes a tenth of the smallest.
final class DirectConvolution<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    let blocks: DirectBlocks
    /// Where channels share vectors.
    let lanes: LaneBlocks?

    init(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.geometry = geometry
        self.kernels = kernels
        self.threads = threads
        let planes = max(1, geometry.batch * geometry.groups * geometry.outputSize.depth)
        blocks = DirectBlocks(
            geometry, lanes: kernels.lanes, rows: kernels.rows.rows,
            channels: kernels.rows.channels, rollingSide: kernels.rows.rollingSide,
            share: threads > 1 ? (8 * threads + planes - 1) / planes : 1,
            elementByteCount: MemoryLayout<Scalar>.stride)
        lanes =
            blocks.rolls
            ? nil
            : LaneBlocks(
                geometry, lanes: kernels.lanes, threads: threads,
                elementByteCount: MemoryLayout<Scalar>.stride)
    }

    var scratchByteCount: Int {
        guard let lanes else { return DirectScratch.byteCount(self) }
        return LaneScratch.byteCount(self, lanes)
    }

    /// Taps of an output channel.
    var k: Int { geometry.inputChannelsPerGroup * geometry.kernel.count }
    /// Channels x depths of the kernel.
    var slices: Int { geometry.inputChannelsPerGroup * geometry.kernel.depth }
    /// Where a sum without bias starts: at −0, which changes no number; an empty sum is 0.
    var sumStart: Scalar { k == 0 ? .zero : -.zero }

    /// The offset of column j of the taps in a padded row.
    func columnOffset(_ j: Int) -> Int {
        let x = j * geometry.dilation.width
        if !blocks.copies { return x }
        return x % geometry.stride.width * blocks.phasePitch + x / geometry.stride.width
    }

    func prepare(_ weight: Tensor, bias: Tensor?) -> WeightSet<Scalar> {
        guard blocks.sharesChannels else {
            return WeightSet(panels: [], asGiven: .init(weight: weight, bias: bias))
        }
        let panels = WeightPanels<Scalar>(
            m: geometry.outputChannelsPerGroup, k: k, kc: k, groups: geometry.groups,
            mr: kernels.rows.channels)
        let taps = geometry.kernel.count
        weight.withElements(of: Scalar.self) { weight in
            let layout = WeightLayout(rowStride: k, channelStride: taps, taps: Array(0..<taps))
            func pack(_ bias: UnsafePointer<Scalar>?) {
                panels.pack(
                    weight.baseAddress!, layout, bias: bias, kernels: kernels,
                    groupStride: geometry.weightElementsPerGroup, threads: threads)
            }
            guard let bias else { return pack(nil) }
            bias.withElements(of: Scalar.self) { pack($0.baseAddress!) }
        }
        return WeightSet(panels: [panels], isFinite: passesOverDepths && weight.isFinite)
    }

    /// Over the cores: blocks x images x groups, some images at a time where they are small, or where the next one is
    /// asked for meanwhile.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        if let lanes { return runLanes(lanes, operands, weights.asGiven!) }
        let perImage = geometry.outputSize.depth * blocks.rowBlocks * blocks.columnBlocks
        let images = geometry.batch * geometry.groups
        // About ten microseconds of work, or an eighth of a core's share.
        let some = Int(200_000 * Double(images * perImage) / max(1, geometry.work))
        let share = images * perImage / (8 * threads)
        let each = max(1, min(blocks.rolls ? share : min(some, share), images))
        let ranges = (images + each - 1) / each, parts = blocks.channelParts
        let shared = DirectScratch(self, operands.scratch)
        shared.fillOffsets(self)
        if blocks.sharesChannels {
            for worker in 0..<threads { shared.worker(worker, self).held.pointee = .none }
        }
        ParallelTiles.run(ranges * perImage * parts, threads: threads) { task, worker in
            let first = task / parts % ranges * each
            run(
                DirectBlock(task / parts / ranges, part: task % parts, self),
                first..<min(images, first + each), operands, weights, shared.worker(worker, self))
        }
    }

    private func run(
        _ block: DirectBlock, _ images: Range<Int>, _ operands: RunOperands<Scalar>,
        _ weights: WeightSet<Scalar>, _ scratch: DirectScratch<Scalar>
    ) {
        let m = geometry.outputChannelsPerGroup, size = geometry.outputSize
        let first =
            operands.output + images.lowerBound * m * size.count
            + (block.z * size.height + block.y.lowerBound) * size.width + block.x.lowerBound
        let input =
            operands.input
            + images.lowerBound * geometry.inputChannelsPerGroup * geometry.inputSize.count
        if blocks.sharesChannels {
            sumChannels(block, images, input, first, weights, scratch)
        } else {
            weights.asGiven!.withPointers {
                sumRows(block, images, input, first, $0, $1, scratch)
            }
        }
        if operands.isPlain { return }
        for image in 0..<images.count {
            for channel in block.channels {
                operands.finish(
                    first + (image * m + channel) * size.count, rows: block.y.count,
                    pitch: size.width, count: block.x.count)
            }
        }
    }

    /// The padded copy of what the block looks at.
    func fill(
        _ block: DirectBlock, _ input: UnsafePointer<Scalar>, _ scratch: DirectScratch<Scalar>
    ) {
        for slice in 0..<slices { kernels.fillRows(padded(slice, block, input, scratch)) }
    }

    /// How one of its slices, a depth of a channel, is copied.
    func padded(
        _ slice: Int, _ block: DirectBlock, _ input: UnsafePointer<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) -> PaddedRows<Scalar> {
        let g = geometry, size = g.inputSize
        let left = block.x.lowerBound * g.stride.width - g.paddingBefore.width
        let first = max(0, left)
        let top = block.y.lowerBound * g.stride.height - g.paddingBefore.height
        let rows = (block.y.count - 1) * g.stride.height + g.kernelExtent.height
        let z =
            block.z * g.stride.depth + slice % g.kernel.depth * g.dilation.depth
            - g.paddingBefore.depth
        let inside = z >= 0 && z < size.depth && first < size.width
        let plane = input + slice / g.kernel.depth * size.count
        return PaddedRows(
            values: inside ? plane + z * size.height * size.width + first : plane,
            valuesPitch: size.width, height: inside ? size.height : 0,
            rows: top..<top + rows, count: max(0, size.width - first), before: max(0, -left),
            stride: g.stride.width, phasePitch: blocks.phasePitch,
            to: scratch.planes + slice * blocks.windowRows * blocks.rowPitch, ahead: size.count)
    }
}

extension ConvolutionGeometry {
    /// What a run takes, in multiplications: the sums, and about ten for each element that is read or written,
    /// which is most of it for depthwise layers, and four for each weight, which is most of it for a pixel or two.
    var work: Double {
        Double(multiplyAccumulates) + 10 * Double(inputCount + outputCount)
            + 4 * Double(groups) * Double(weightElementsPerGroup)
    }
}

/// Which outputs of an image a block has.
struct DirectBlock {
    /// Its place among those of an image.
    let index: Int
    let z: Int
    let y, x: Range<Int>
    /// Output channels of a group.
    let channels: Range<Int>

    init<Scalar>(_ index: Int, part: Int, _ direct: DirectConvolution<Scalar>) {
        let size = direct.geometry.outputSize, blocks = direct.blocks
        let perPlane = blocks.rowBlocks * blocks.columnBlocks
        self.index = index
        let place = index % perPlane
        z = index / perPlane
        let column = place % blocks.columnBlocks
        y = blocks.rows(ofBlock: place / blocks.columnBlocks, height: size.height)
        x =
            size.width * column / blocks.columnBlocks..<size.width * (column + 1)
            / blocks.columnBlocks
        channels = direct.channels(ofPart: part)
    }
}
