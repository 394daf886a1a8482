// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// More output channels: tiles of four of them, or of eight, by some vectors of pixels.
extension DirectConvolution {
    func sumChannels(
        _ block: DirectBlock, _ images: Range<Int>, _ input: UnsafePointer<Scalar>,
        _ output: UnsafeMutablePointer<Scalar>, _ weights: WeightSet<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) {
        if scratch.held.pointee.places != block.index {
            fillPlaces(block, scratch.places)
            scratch.held.pointee.places = block.index
        }
        let places = UnsafeBufferPointer(
            start: UnsafePointer(scratch.places), count: placeCount(block))
        for image in images {
            let place = image - images.lowerBound
            let values =
                input + place * geometry.inputChannelsPerGroup * geometry.inputSize.count
            let copy = block.index * geometry.batch * geometry.groups + image
            if blocks.copies && scratch.held.pointee.planes != copy {
                fill(block, values, scratch)
                scratch.held.pointee.planes = copy
            }
            sumChannels(
                block, image % geometry.groups, values, places,
                output + place * geometry.outputChannelsPerGroup * geometry.outputSize.count,
                weights, scratch)
        }
    }

    /// The block's output channels of a group.
    private func sumChannels(
        _ block: DirectBlock, _ group: Int, _ input: UnsafePointer<Scalar>,
        _ places: UnsafeBufferPointer<VectorPlace>, _ output: UnsafeMutablePointer<Scalar>,
        _ weights: WeightSet<Scalar>, _ scratch: DirectScratch<Scalar>
    ) {
        let m = geometry.outputChannelsPerGroup
        let a = weights.panels[0].panels(ofGroup: group)
        let bias = weights.panels[0].bias(ofGroup: group)
        let size = geometry.outputSize, inputSize = geometry.inputSize
        let top = block.y.lowerBound * geometry.stride.height
        let start =
            (block.z * geometry.stride.depth * inputSize.height + top) * inputSize.width
        let windows =
            blocks.copies
            ? UnsafePointer(scratch.planes) : input + start + block.x.lowerBound
        let runs = fillRuns(
            weights.isFinite ? depthsInside(block.z) : 0..<geometry.kernel.depth, scratch.runs)
        let some = runs.count == 1 ? block.channels.count : summedChannels
        for first in stride(
            from: block.channels.lowerBound, to: block.channels.upperBound, by: some)
        {
            let end = min(first + some, block.channels.upperBound)
            for (i, run) in runs.enumerated() {
                for o in stride(from: first, to: end, by: tileChannels) {
                    let rows = min(tileChannels, end - o)
                    let sums = (o - first) * blocks.places(kernels.lanes) * kernels.lanes
                    kernels.rows.sumChannels(
                        ChannelOperands(
                            a: a + o * k,
                            panels: (rows + kernels.rows.channels - 1) / kernels.rows.channels,
                            panelPitch: kernels.rows.channels * k, taps: run, isFirst: i == 0,
                            isLast: i == runs.count - 1,
                            bias: bias + o, windows: windows, offsets: scratch.offsets,
                            places: places, width: min(kernels.lanes, pieces(block).width),
                            rows: rows, output: output + o * size.count,
                            outputPitch: size.count, sums: scratch.sums + sums,
                            edge: scratch.edge))
                }
            }
        }
    }

    /// Output channels whose sums are in memory at a time, where they are sums of several runs: as many as take 128 KB.
    /// All of them are summed over a run before the next one, so that its weights and what it looks at stay near.
    var summedChannels: Int {
        let vectors = blocks.places(kernels.lanes) * tileChannels * kernels.lanes
        let tiles = 131_072 / (vectors * MemoryLayout<Scalar>.stride)
        return min(max(1, tiles), channelTiles) * tileChannels
    }

    /// Output channels of a tile.
    private var tileChannels: Int { kernels.rows.channels * kernels.rows.channelPanels }

    /// Tiles that a group's output channels are.
    private var channelTiles: Int {
        (geometry.outputChannelsPerGroup + tileChannels - 1) / tileChannels
    }

    /// The output channels of a part of a group.
    func channels(ofPart part: Int) -> Range<Int> {
        let first = channelTiles * part / blocks.channelParts * tileChannels
        let end = channelTiles * (part + 1) / blocks.channelParts * tileChannels
        return first..<min(geometry.outputChannelsPerGroup, end)
    }

    /// The depths of the kernel that look at the input and not at padding; all where none does, or where those of a
    /// channel are too few for a run.
    private func depthsInside(_ z: Int) -> Range<Int> {
        let first = z * geometry.stride.depth - geometry.paddingBefore.depth
        let inside = StepRange.inside(
            geometry.inputSize.depth, count: geometry.kernel.depth, stride: geometry.dilation.depth,
            offset: first)
        return inside.count * tapsPerDepth < 64 ? 0..<geometry.kernel.depth : inside
    }

    private var tapsPerDepth: Int { geometry.kernel.height * geometry.kernel.width }

    /// The taps of some depths of every channel, in runs of equal length.
    private func fillRuns(
        _ depths: Range<Int>, _ runs: UnsafeMutablePointer<TapRun>
    ) -> UnsafeBufferPointer<TapRun> {
        let isWhole = depths.count == geometry.kernel.depth
        let length = isWhole ? k : depths.count * tapsPerDepth
        let perChannel = max(1, (length + Self.mostTaps - 1) / Self.mostTaps)
        var count = 0
        for channel in 0..<(isWhole ? 1 : geometry.inputChannelsPerGroup) {
            let first =
                isWhole ? 0 : (channel * geometry.kernel.depth + depths.lowerBound) * tapsPerDepth
            for run in 0..<perChannel {
                let low = length * run / perChannel, high = length * (run + 1) / perChannel
                runs[count] = TapRun(first: first + low, count: high - low)
                count += 1
            }
        }
        return UnsafeBufferPointer(start: UnsafePointer(runs), count: count)
    }

    /// The most taps of a run: 3x3 kernels of 32 channels are one.
    private static var mostTaps: Int { 320 }
    /// The most runs of a sum.
    var mostRuns: Int {
        k > Self.mostTaps || passesOverDepths
            ? 1 + geometry.inputChannelsPerGroup + k / Self.mostTaps : 1
    }

    /// Whether depths of padding may be passed over, if the weights are finite.
    var passesOverDepths: Bool {
        let before = geometry.paddingBefore.depth
        let last = (geometry.outputSize.depth - 1) * geometry.stride.depth - before
        return before > 0 || last + geometry.kernelExtent.depth > geometry.inputSize.depth
    }

    /// Rows of a block that vectors may not cross, and pixels of one: where rows follow each other
    /// in the input and in the output, the block is one.
    private func pieces(_ block: DirectBlock) -> (rows: Int, width: Int) {
        let rows = block.y.count, width = block.x.count
        return blocks.joinsRows ? (1, rows * width) : (rows, width)
    }

    /// The number of vectors that cover a block.
    private func placeCount(_ block: DirectBlock) -> Int {
        let (rows, width) = pieces(block)
        return rows * ((width + kernels.lanes - 1) / kernels.lanes)
    }

    /// These vectors; the last one of a row is moved back over the one before.
    private func fillPlaces(_ block: DirectBlock, _ places: UnsafeMutablePointer<VectorPlace>) {
        let lanes = kernels.lanes, (rows, width) = pieces(block)
        let pitch = blocks.copies ? blocks.rowPitch : geometry.inputSize.width
        var count = 0
        for y in 0..<rows {
            let from = y * geometry.stride.height * pitch, to = y * geometry.outputSize.width
            for x in stride(from: 0, to: width, by: lanes) {
                let x = max(0, min(x, width - lanes))
                places[count] = VectorPlace(from: from + x, to: to + x)
                count += 1
            }
        }
    }
}
