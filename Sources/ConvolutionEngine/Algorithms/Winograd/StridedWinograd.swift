// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A convolution with a stride by minimal filtering of one dimension (``StrideFilter``), as products with output
/// channels in the lanes (``PixelOperands``), which read values from wherever they lie.
///
/// For each block of outputs and some channels at a time, lines are copied with their padding and subtracted from one
/// another; then, panel by panel of the weights, what pairs of outputs share is written to both of them, and what each
/// has for itself is added. Sums `[pixel][channel]` stay in L2 until they are complete and are turned on their way to
/// the output.
///
/// *Error*: that of direct sums, cut at 256 products. An infinite or NaN value spreads over a pair, so an image whose
/// output is not finite is computed again by ``ImplicitGEMM``.
struct StridedWinograd<Scalar: TensorScalar>: Sendable {
    private let geometry: ConvolutionGeometry
    private let kernels: GEMMKernels<Scalar>
    private let threads: Int
    private let filter: StrideFilter
    private let blocks: ChannelBlocks
    /// Channels whose products are summed before they are added to the sums.
    private let chunk: Int
    /// What a block sees of a channel.
    private let layout: StrideFilter.Layout
    /// Where the steps of a chunk look, and those of the last one, which may have fewer channels.
    private let offsets, lastOffsets: [Int32]

    /// Nil where there is nothing to filter.
    init?(_ g: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        guard let filter = StrideFilter(g), g.inputChannels > 0 else { return nil }
        (geometry, self.kernels, self.threads, self.filter) = (g, kernels, threads, filter)
        let perPair = filter.lineWidth * (2 * filter.step + filter.paired)
        let fitting = min(256 / (filter.step * filter.others), Self.mostElements / perPair)
        let chunks = (g.inputChannelsPerGroup + max(1, fitting) - 1) / max(1, fitting)
        chunk = (g.inputChannelsPerGroup + chunks - 1) / chunks
        let unit = 2 * filter.lineOutputs * (filter.lineOutputs == 1 ? kernels.pixels.pixels : 1)
        let pairs = max(1, Self.mostElements / (chunk * perPair))
        blocks = ChannelBlocks(
            m: g.outputChannelsPerGroup, n: g.outputSize.count, width: filter.lineOutputs,
            unit: unit,
            mostPixels: min(ChannelBlocks.mostPixels, max(unit, 2 * pairs * filter.lineOutputs)),
            k: (g.inputChannelsPerGroup * filter.products + 1) / 2, kc: chunk * filter.taps,
            copied: { Double($0) * Double(g.inputChannelsPerGroup * perPair) / 4 },
            images: g.batch * g.groups, threads: threads, kernels.pixels)
        layout = StrideFilter.Layout(
            filter, outputs: (blocks.mostPixels + filter.lineOutputs - 1) / filter.lineOutputs)
        offsets = layout.offsets(channels: chunk)
        lastOffsets = layout.offsets(channels: g.inputChannelsPerGroup - (chunks - 1) * chunk)
    }

    /// 512 KB of float32, half of a large second-level cache.
    private static var mostElements: Int { 1 << 17 }

    /// Weights of any number of uses.
    func prepare(_ weight: Tensor, bias: Tensor?) -> WeightSet<Scalar> {
        let given = WeightSet<Scalar>.Given(weight: weight, bias: bias)
        var set = WeightSet<Scalar>(panels: [], asGiven: given)
        given.withPointers { weight, bias in
            set.channels = ChannelPanels(
                weight, filter: filter, bias: bias, m: geometry.outputChannelsPerGroup,
                k: geometry.inputChannelsPerGroup * geometry.kernel.count,
                groups: geometry.groups, blocks: blocks, kernels: kernels, threads: threads)
        }
        return set
    }

    /// The memory of a core: places and rows of pixels, sums, copies of lines, one channel's padded lines.
    private var parts: (sums: Int, lines: Int, padded: Int, end: Int) {
        func line(_ count: Int) -> Int { (count + 31) / 16 * 16 }
        let lists =
            2 * StridedPixels.capacity(blocks.mostPixels, kernels.pixels)
            * MemoryLayout<Int32>.stride / MemoryLayout<Scalar>.stride
        let sums = line(lists)
        let lines = sums + line((blocks.mostPixels + kernels.pixels.leastPixels) * mostChannels)
        let padded = lines + line(chunk * layout.count + kernels.lanes)
        // Of whole vectors of pairs, and what the next pair begins with.
        let seen = layout.between + filter.step * layout.width + 2 * kernels.lanes
        return (sums, lines, padded, padded + line(seen))
    }
    private var mostChannels: Int { blocks.mostChannels }

    var scratchByteCount: Int { threads * parts.end * MemoryLayout<Scalar>.stride }

    /// Over the cores: images x groups x blocks of outputs x splits of output channels.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let perImage = blocks.blockCount * blocks.splitCount, elements = parts.end
        let flawed = FlawedImages(), panels = weights.channels!
        ParallelTiles.run(geometry.batch * geometry.groups * perImage, threads: threads) {
            task, worker in
            let part = Part(
                image: task / perImage,
                pixels: blocks.pixels(ofBlock: task % perImage / blocks.splitCount),
                panels: blocks.panels(ofSplit: task % blocks.splitCount),
                scratch: operands.scratch + worker * elements)
            sum(part, operands.input, panels)
            if !turn(part, operands) { flawed.insert(part.image) }
        }
        let again = flawed.sorted
        if !again.isEmpty {
            ImplicitGEMM(geometry, kernels: kernels, threads: threads)
                .compute(again, operands, weights.asGiven!)
        }
    }

    /// Some pixels and some panels of an image and group, and the memory to work in.
    private struct Part {
        let image: Int
        let pixels: Range<Int>
        let panels: Range<Int>
        let scratch: UnsafeMutablePointer<Scalar>
    }

    /// Chunk by chunk of the sum, panel by panel.
    private func sum(
        _ part: Part, _ input: UnsafePointer<Scalar>, _ weights: ChannelPanels<Scalar>
    ) {
        let k = geometry.inputChannelsPerGroup * filter.taps
        let group = part.image % geometry.groups, tiles = kernels.pixels, parts = parts
        let channels = blocks.channels(ofPanels: part.panels)
        let image =
            input + part.image * geometry.inputChannelsPerGroup * geometry.inputSize.count
        let lists = UnsafeMutableRawPointer(part.scratch).assumingMemoryBound(to: Int32.self)
        let pixels = StridedPixels(
            filter, layout, count: part.pixels.count, behind: blocks.mostPixels, tiles,
            memory: lists)
        let lines = part.scratch + parts.lines
        for first in stride(from: 0, to: k, by: blocks.kc) {
            let some = first..<min(k, first + blocks.kc)
            copy(image, some, part, to: lines, padded: part.scratch + parts.padded)
            for panel in part.panels {
                let mine = blocks.channels(ofPanel: panel)
                let b = weights.panel(panel, of: some, group: group)!
                // What comes next: the next panel or, behind the last one, the first of the next chunk.
                let next =
                    panel + 1 < part.panels.upperBound
                    ? b + some.count * mine.count
                    : weights.panel(
                        part.panels.lowerBound,
                        of: some.upperBound..<min(k, some.upperBound + blocks.kc), group: group)
                (some.upperBound == k ? lastOffsets : offsets).withUnsafeBufferPointer { offsets in
                    pixels.between.withUnsafeBufferPointer { between in
                        var operands = PixelOperands(
                            field: UnsafePointer(lines), offsets: offsets.baseAddress!,
                            depth: some.count, taps: filter.rows,
                            tapDepth: some.count / filter.rows, pixels: pixels.places,
                            rows: pixels.rows, tiles: between, b: b,
                            vectors: mine.count / tiles.lanes,
                            c: part.scratch + parts.sums + mine.lowerBound - channels.lowerBound,
                            ldc: channels.count,
                            start: first == 0
                                ? weights.bias(ofGroup: group) + mine.lowerBound : nil,
                            accumulate: first > 0, ahead: nil)
                        tiles.sum(operands)
                        pixels.own.withUnsafeBufferPointer { own in
                            operands.tiles = own
                            (operands.start, operands.accumulate) = (nil, true)
                            operands.ahead = next
                            tiles.sum(operands)
                        }
                    }
                }
            }
        }
    }

    /// What a part sees of a chunk's channels.
    private func copy(
        _ image: UnsafePointer<Scalar>, _ some: Range<Int>, _ part: Part,
        to lines: UnsafeMutablePointer<Scalar>, padded: UnsafeMutablePointer<Scalar>
    ) {
        let size = geometry.inputSize, isDown = filter.axis == 1
        let firstOutput = part.pixels.lowerBound / filter.lineOutputs
        let outputs = (part.pixels.count + filter.lineOutputs - 1) / filter.lineOutputs
        let top = firstOutput * filter.step - geometry.paddingBefore[filter.axis]
        let count = outputs * filter.step + filter.paired
        let left = isDown ? -geometry.paddingBefore.width : top
        let from = max(0, left), isInside = from < size.width
        var to = lines
        for channel in some.lowerBound / filter.taps..<some.upperBound / filter.taps {
            let plane = image + channel * size.count
            kernels.fillRows(
                PaddedRows(
                    values: isInside ? plane + from : plane, valuesPitch: size.width,
                    height: isInside ? size.height : 0,
                    rows: isDown ? top..<top + count : 0..<1, count: max(0, size.width - from),
                    before: max(0, -left), stride: 1,
                    phasePitch: isDown ? filter.lineWidth : count, to: padded,
                    ahead: size.count))
            let operands = FilteredLines(
                values: UnsafePointer(padded), width: layout.width, step: filter.step,
                paired: filter.paired, count: outputs, lines: to, between: to + layout.between)
            if isDown {
                kernels.pixels.filterLines(operands)
            } else {
                kernels.pixels.filterElements(operands)
            }
            to += layout.count
        }
    }

    /// The sums of a part to where they belong; whether they are finite.
    private func turn(_ part: Part, _ operands: RunOperands<Scalar>) -> Bool {
        let outputs = geometry.outputChannelsPerGroup, pixels = geometry.outputSize.count
        let padded = blocks.channels(ofPanels: part.panels)
        let channels = padded.clamped(to: 0..<outputs), sums = part.scratch + parts.sums
        let c =
            operands.output + (part.image * outputs + channels.lowerBound) * pixels
            + part.pixels.lowerBound
        kernels.turn(
            sums, pitch: padded.count, pixels: part.pixels.count, channels: channels.count, to: c,
            pitch: pixels)
        operands.finish(c, rows: channels.count, pitch: pixels, count: part.pixels.count)
        return kernels.pixels.isFinite(sums, part.pixels.count * padded.count)
    }
}

/// The pixels of a block as first ones of pairs, second ones and pairs: where they look, which sums are theirs, and
/// the tiles that they fall into.
private struct StridedPixels {
    /// Where the lines of each pixel or pair begin, and its sums.
    let places, rows: UnsafePointer<Int32>
    /// Tiles of what pairs share, and of what each pixel has for itself.
    let between, own: [PixelRun]

    /// Elements of a list for so many pixels.
    static func capacity<Scalar>(_ pixels: Int, _ tiles: PixelKernels<Scalar>) -> Int {
        2 * pixels + 4 * tiles.pixels
    }

    /// - Parameters:
    ///   - count: pixels of the block, whole lines
    ///   - behind: sums that nobody asks for
    ///   - memory: twice ``capacity(_:_:)``
    init<Scalar>(
        _ filter: StrideFilter, _ layout: StrideFilter.Layout, count: Int, behind: Int,
        _ tiles: PixelKernels<Scalar>, memory: UnsafeMutablePointer<Int32>
    ) {
        let width = filter.lineOutputs, outputs = count / width
        let places = memory, rows = memory + Self.capacity(behind, tiles)
        var end = 0
        func list(_ outputs: StrideTo<Int>, place: (Int) -> Int) -> Range<Int> {
            let first = end
            for output in outputs {
                for x in 0..<width {
                    places[end] = Int32(
                        truncatingIfNeeded: place(output) + x * filter.lineStep)
                    rows[end] = Int32(truncatingIfNeeded: output * width + x)
                    end += 1
                }
            }
            let range = first..<end
            for extra in 0..<tiles.leastPixels - 1 {
                places[end] = range.isEmpty ? 0 : places[first]
                rows[end] = Int32(truncatingIfNeeded: behind + extra)
                end += 1
            }
            return range
        }
        let even = outputs / 2 * 2
        let firsts = list(stride(from: 0, to: outputs, by: 2)) { layout.place(ofOutput: $0) }
        let seconds = list(stride(from: 1, to: outputs, by: 2)) { layout.place(ofOutput: $0) }
        let pairs = list(stride(from: 0, to: even, by: 2)) { layout.place(ofPair: $0 / 2) }
        let last = list(stride(from: even, to: outputs, by: 2)) { layout.place(ofPair: $0 / 2) }
        func runs(_ pixels: Range<Int>, taps: Range<Int>, twin: Int = 0) -> [PixelRun] {
            let count = (pixels.count + tiles.pixels - 1) / tiles.pixels
            return (0..<count).map { tile in
                let first = pixels.count * tile / count, end = pixels.count * (tile + 1) / count
                return PixelRun(
                    first: pixels.lowerBound + first, count: end - first, taps: taps, twin: twin)
            }
        }
        between =
            runs(pairs, taps: filter.between, twin: seconds.lowerBound - pairs.lowerBound)
            + runs(last, taps: filter.between)
        own = runs(firsts, taps: filter.first) + runs(seconds, taps: filter.second)
        (self.places, self.rows) = (UnsafePointer(places), UnsafePointer(rows))
    }
}
