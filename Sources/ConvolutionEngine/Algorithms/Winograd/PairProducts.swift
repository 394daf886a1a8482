// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Minimal filtering of one dimension (``PairFilter``) as products with output channels in the lanes
/// (``PixelOperands``), which read values from wherever they lie.
///
/// For each block of lines of outputs and some channels at a time, lines of the input are copied with their padding and
/// subtracted from one another; then, panel by panel of the weights, what pairs of outputs share is written to both of
/// them, and what each has for itself is added. Sums `[pixel][channel]` stay in L2 until they are complete and are
/// turned on their way to the output.
///
/// *Error*: that of direct sums, cut at 256 products. An infinite or NaN value spreads over a pair, so an image whose
/// output is not finite is computed again by ``ImplicitGEMM`` or ``StridePhases``.
struct PairProducts<Scalar: TensorScalar, Filter: PairFilter>: Sendable {
    private let geometry: ConvolutionGeometry
    private let kernels: GEMMKernels<Scalar>
    private let threads: Int
    private let filter: Filter
    /// Of the output with the lines in front of it that are left out.
    private let blocks: ChannelBlocks
    /// Channels whose products are summed before they are added to the sums.
    private let chunk: Int
    private let layout: PairLayout
    /// Where the steps of a chunk look, and those of the last one, which may have fewer channels.
    private let offsets, lastOffsets: [Int32]
    /// The pixels of each block.
    private let lists: [PairLists]

    init(
        _ g: ConvolutionGeometry, _ filter: Filter, kernels: GEMMKernels<Scalar>, threads: Int
    ) {
        (geometry, self.kernels, self.threads, self.filter) = (g, kernels, threads, filter)
        let channels = g.inputChannelsPerGroup, elements = filter.elements, width = filter.width
        let fitting = max(1, min(256 / filter.longest, Self.mostElements / elements))
        let chunks = (channels + fitting - 1) / fitting, chunk = (channels + chunks - 1) / chunks
        self.chunk = chunk
        let unit = filter.unit * width, units = max(1, Self.mostElements / (chunk * elements))
        let lines = g.outputSize.count / width + filter.lead
        let blocks = ChannelBlocks(
            m: g.outputChannelsPerGroup, n: lines * width, width: width, unit: unit,
            mostPixels: min(ChannelBlocks.mostPixels, units * unit),
            k: Int(Double(channels) * filter.products) + 1, kc: chunk * filter.steps,
            copied: { Double($0 * channels * elements) / Double(2 * filter.unit) },
            images: g.batch * g.groups, threads: threads, kernels.pixels)
        self.blocks = blocks
        let layout = filter.layout(lines: blocks.mostPixels / width)
        self.layout = layout
        offsets = filter.offsets(channels: chunk, layout)
        lastOffsets = filter.offsets(channels: channels - (chunks - 1) * chunk, layout)
        var known: [[Int]: PairLists] = [:]
        lists = (0..<blocks.blockCount).map { block in
            let some = Self.lines(block, blocks, filter)
            let inside = max(0, filter.lead - some.lowerBound)..<some.count
            let key = [some.count, inside.lowerBound]
            if let lists = known[key] { return lists }
            var lists = PairLists(kernels.pixels, behind: blocks.mostPixels)
            filter.list(some.count, inside: inside, layout, to: &lists)
            known[key] = lists
            return lists
        }
    }

    /// 512 KB of float32, half of a large second-level cache.
    private static var mostElements: Int { 1 << 17 }

    /// The lines of a block, those that are left out included.
    private static func lines(
        _ block: Int, _ blocks: ChannelBlocks, _ filter: Filter
    ) -> Range<Int> {
        let pixels = blocks.pixels(ofBlock: block)
        return pixels.lowerBound / filter.width..<pixels.upperBound / filter.width
    }

    /// Weights of any number of uses.
    func prepare(_ weight: Tensor, bias: Tensor?) -> WeightSet<Scalar> {
        let given = WeightSet<Scalar>.Given(weight: weight, bias: bias)
        let channels = geometry.inputChannelsPerGroup, m = geometry.outputChannelsPerGroup
        let filter = filter, kernels = kernels
        var set = WeightSet<Scalar>(panels: [], asGiven: given)
        given.withPointers { weight, bias in
            set.channels = ChannelPanels(
                weight, bias: bias, m: m, k: channels * filter.kernelTaps,
                steps: channels * filter.steps, groups: geometry.groups, blocks: blocks,
                kernels: kernels, threads: threads
            ) { weights, steps, outputs, to in
                filter.pack(
                    weights, m: m,
                    inputs: steps.lowerBound / filter.steps..<steps.upperBound / filter.steps,
                    of: channels, outputs: outputs, to: to, kernels)
            }
        }
        return set
    }

    /// The memory of a core: sums, copies of lines, one channel's padded lines.
    private var parts: (lines: Int, padded: Int, end: Int) {
        func line(_ count: Int) -> Int { (count + 31) / 16 * 16 }
        let lines = line((blocks.mostPixels + 1) * blocks.mostChannels)
        let padded = lines + line(chunk * layout.count + kernels.lanes)
        // A vector behind the last of each line.
        return (lines, padded, padded + line(layout.padded + 2 * kernels.lanes))
    }

    var scratchByteCount: Int { threads * parts.end * MemoryLayout<Scalar>.stride }

    /// Over the cores: splits of output channels x images x groups x blocks of lines.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let tasks = blocks.tasks(images: geometry.batch * geometry.groups)
        let elements = parts.end
        let flawed = FlawedImages(), panels = weights.channels!
        ParallelTiles.run(tasks.count, threads: threads) { task, worker in
            let place = tasks.place(task)
            let part = Part(
                image: place.image, block: place.block,
                panels: blocks.panels(ofSplit: place.split),
                scratch: operands.scratch + worker * elements)
            sum(part, operands, panels)
            if !turn(part, operands) { flawed.insert(part.image) }
        }
        let again = flawed.sorted
        if again.isEmpty { return }
        if geometry.direction == .forward {
            ImplicitGEMM(geometry, kernels: kernels, threads: threads)
                .compute(again, operands, weights.asGiven!)
        } else {
            StridePhases(geometry.oneGroup, kernels: kernels, threads: threads)
                .compute(again, of: geometry, operands, weights.asGiven!)
        }
    }

    /// Some lines and some panels of an image and group, and the memory to work in.
    private struct Part {
        let image, block: Int
        let panels: Range<Int>
        let scratch: UnsafeMutablePointer<Scalar>
    }

    /// Chunk by chunk of the sum, panel by panel.
    private func sum(
        _ part: Part, _ operands: RunOperands<Scalar>, _ weights: ChannelPanels<Scalar>
    ) {
        let plane = geometry.inputSize.count, group = part.image % geometry.groups
        let image = operands.input + part.image * geometry.inputChannelsPerGroup * plane
        let lines = Self.lines(part.block, blocks, filter), parts = parts
        let k = geometry.inputChannelsPerGroup * filter.steps
        for first in stride(from: 0, to: k, by: blocks.kc) {
            let some = first..<min(k, first + blocks.kc)
            for (i, channel) in (first / filter.steps..<some.upperBound / filter.steps).enumerated()
            {
                filter.copy(
                    image + channel * plane, lines: lines, layout,
                    to: part.scratch + parts.lines + i * layout.count,
                    padded: part.scratch + parts.padded, kernels)
            }
            for panel in part.panels {
                let b = weights.panel(panel, of: some, group: group)!
                multiply(
                    part, panel, some, b, bias: weights.bias(ofGroup: group),
                    ahead: weights.ahead(of: panel, in: part.panels, some, group: group),
                    outputs: some.upperBound < k
                        ? nil
                        : operands.lines(
                            of: blocks.channels(ofPanel: panel),
                            pixels: pixels(ofBlock: part.block), image: part.image, geometry),

                    offsets: some.upperBound == k ? lastOffsets : offsets)
            }
        }
    }

    /// A panel's products of a chunk: what begins the sums, then what is added to them.
    private func multiply(
        _ part: Part, _ panel: Int, _ steps: Range<Int>, _ b: UnsafePointer<Scalar>,
        bias: UnsafePointer<Scalar>, ahead: LinesAhead<Scalar>?, outputs: LinesAhead<Scalar>?,
        offsets: [Int32]
    ) {
        let channels = blocks.channels(ofPanels: part.panels), tiles = kernels.pixels
        let mine = blocks.channels(ofPanel: panel), lists = lists[part.block]
        let isFirst = steps.lowerBound == 0
        offsets.withUnsafeBufferPointer { offsets in
            lists.places.withUnsafeBufferPointer { places in
                lists.rows.withUnsafeBufferPointer { rows in
                    func sum(_ runs: [PixelRun], accumulate: Bool, ahead: LinesAhead<Scalar>?) {
                        runs.withUnsafeBufferPointer {
                            tiles.sum(
                                PixelOperands(
                                    field: UnsafePointer(part.scratch + parts.lines),
                                    offsets: offsets.baseAddress!, depth: steps.count,
                                    taps: filter.steps, tapDepth: steps.count / filter.steps,
                                    pixels: places.baseAddress!, rows: rows.baseAddress!,
                                    tiles: $0, b: b, vectors: mine.count / tiles.lanes,
                                    c: part.scratch + mine.lowerBound - channels.lowerBound,
                                    ldc: channels.count,
                                    start: accumulate ? nil : bias + mine.lowerBound,
                                    accumulate: accumulate, ahead: ahead))
                        }
                    }
                    sum(lists.first, accumulate: !isFirst, ahead: outputs)
                    sum(lists.adding, accumulate: true, ahead: ahead)
                }
            }
        }
    }

    /// The output's pixels among those of a block.
    private func pixels(ofBlock block: Int) -> Range<Int> {
        let lead = filter.lead * filter.width, all = blocks.pixels(ofBlock: block)
        return max(0, all.lowerBound - lead)..<all.upperBound - lead
    }

    /// The sums of a part to where they belong; whether they are finite.
    private func turn(_ part: Part, _ operands: RunOperands<Scalar>) -> Bool {
        let channels = blocks.channels(ofPanels: part.panels)
        let pixels = pixels(ofBlock: part.block)
        operands.turn(
            part.scratch, of: channels, pixels: pixels, image: part.image, geometry,
            kernels.pixels)
        return kernels.pixels.isFinite(part.scratch, pixels.count * channels.count)
    }
}
