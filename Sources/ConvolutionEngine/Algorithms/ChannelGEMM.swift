// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// `im2col` with output channels in the lanes and pixels spread over them, where pixels would leave lanes idle.
///
/// The product of ``ImplicitGEMM`` turned round, in longer sums:
///
///     Cᵀ[n, m] <- bias[m] + Σ_k B[k, n] · A[m, k],   k = (channel, tap),  n = pixel
///
/// B is hardly ever packed: a value that is spread over a vector may lie anywhere (``PixelField``). The sums of a
/// block stay in L2 as `[pixel][channel]` until they are complete, and are turned on their way to the output. Of 7x7
/// pixels sixteen lanes leave one for itself, of 14x14 four; tiles of seven pixels leave none.
///
/// Taps that see nothing but padding are passed over, if weights of many uses are known to be finite (``PixelRuns``).
/// Weights of one use over few pixels are better read where they lie, by ``ImplicitGEMM``.
///
/// *Error*: as in ``ImplicitGEMM`` or, of chunks of 512, rms 4e-7 of the output's rms.
struct ChannelGEMM<Scalar: TensorScalar>: Sendable {
    private let geometry: ConvolutionGeometry
    private let kernels: GEMMKernels<Scalar>
    private let tiles: PixelKernels<Scalar>
    private let threads: Int
    private let blocks: ChannelBlocks
    private let field: PixelField<Scalar>
    private let runs: PixelRuns
    /// For weights that it reads better.
    let plain: ImplicitGEMM<Scalar>

    /// Nil where vectors of pixels are faster, or what is copied would be too much.
    init?(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        let runs = PixelRuns(geometry, mostPixels: kernels.pixels.pixels)
        guard Self.isFaster(geometry, runs, kernels) else { return nil }
        let g = geometry, tiles = kernels.pixels, taps = g.kernel.count
        let k = g.inputChannelsPerGroup * taps, n = g.outputSize.count
        let grid = TapGrid(g)
        let copiesLittle =
            n <= 64
            || taps == 1 && grid.looksInside && (g.stride.width == 1 || n <= Self.fewPixels)
        let kc = BlockSizes.chunk(
            k: k, taps: taps, most: copiesLittle ? Self.longestChunk : Self.shortestChunk)
        let blocks = ChannelBlocks(
            m: g.outputChannelsPerGroup, n: n, width: g.outputSize.width, k: k, kc: kc,
            copied: Self.copied(g, grid), images: g.batch * g.groups, threads: threads, tiles)
        func field(_ mostPixels: Int, _ mostRows: Int) -> PixelField<Scalar>? {
            PixelField(
                grid, channels: kc / taps, mostPixels: mostPixels, mostRows: mostRows,
                kernels: kernels)
        }
        // Whether there is one must not depend on the cores.
        let most = min(n, ChannelBlocks.mostPixels)
        guard kc % taps == 0, field(most, most / g.outputSize.width + 2) != nil,
            let field = field(blocks.mostPixels, blocks.mostRows)
        else { return nil }
        (self.geometry, self.kernels, self.tiles) = (geometry, kernels, tiles)
        (self.threads, self.blocks, self.field) = (threads, blocks, field)
        self.runs = runs
        plain = ImplicitGEMM(geometry, kernels: kernels, threads: threads)
    }

    /// The most products of a sum between two visits to memory, where a block's copies of so many channels are small,
    /// and elsewhere. A panel of weights comes from L2 for each tile, however long it is, so that longer chunks save
    /// visits and what a tile takes besides: 1 to 3 % on Zen 5. Sums of 512 round to an rms of 4e-7.
    private static var longestChunk: Int { 512 }
    private static var shortestChunk: Int { 256 }
    /// Pixels of which a copy has room for the longest chunk: every second element of rows.
    private static var fewPixels: Int { 240 }

    /// Cycles for what a block of some rows of pixels copies: padded rows, or every second element of rows, which come
    /// from L3; nil: nothing.
    private static func copied(_ g: ConvolutionGeometry, _ grid: TapGrid) -> ((Int) -> Double)? {
        let channels = Double(g.inputChannelsPerGroup)
        if grid.looksInside {
            let vectors = Double((g.outputSize.width + 15) / 16)
            let isPacked = g.stride.width == 2 && g.kernel.count == 1
            return isPacked ? { 27 * channels * Double($0) * vectors } : nil
        }
        let width = g.inputSize.width + g.paddingBefore.width + g.paddingAfter.width
        let row = (8 + Double(width) / 8) * channels
        let (stride, extent) = (Double(g.stride.height), Double(g.kernelExtent.height))
        let depths = g.outputSize.depth > 1 ? Double(g.kernelExtent.depth) : 1
        return { row * depths * (Double($0 - 1) * stride + extent) }
    }

    /// Of the depths of a 3x3x3 kernel over four planes a sixth sees nothing but padding: 512 channels at 4x14x14 on two
    /// cores (Zen 5, AVX-512) 23.7 -> 19.5 ms. There weights of one use are looked at too, whether they are finite.
    private static var littleSeen: Double { 0.9 }

    /// By the lanes that are idle either way, what it costs to turn sums round, and to split the phases of a stride.
    /// Measured on Zen 4 (AVX-512), two cores, as times of what vectors of pixels take: 1024 to 256 channels at 14x14
    /// 0.94, 3x3 over 512 at 7x7 0.95, 1x1 of stride 2 from 512 to 1024 at 28x28 0.93; 64 to 256 at 56x56 1.11, 256 to
    /// 256 at 28x28 1.04. On Zen 5 0.93, 0.85, 0.95; 3x3 of stride 2 over 128 at 56x56 0.96; 1.17, 1.06.
    private static func isFaster(
        _ g: ConvolutionGeometry, _ runs: PixelRuns, _ kernels: GEMMKernels<Scalar>
    ) -> Bool {
        let lanes = kernels.lanes, n = g.outputSize.count, m = g.outputChannelsPerGroup
        let k = g.inputChannelsPerGroup * g.kernel.count
        // Tiles of four pixels, as sixteen registers hold, have 0.83 to 1.0 of the speed of pixels in the lanes (AVX2).
        guard kernels.pixels.pixels > 4, n >= 4, m >= 2 * lanes, k >= 64 else { return false }
        // A column for itself takes as long as four in a vector.
        let columns = n % lanes == 1 ? n + 3 : (n + lanes - 1) / lanes * lanes
        let splits = g.stride.width > 1
        let pixels = Double(columns) / Double(n) * (splits ? 1.03 : 1)
        let channels = Double((m + lanes - 1) / lanes * lanes) / Double(m)
        let seen = runs.seenShare <= littleSeen ? runs.seenShare : 1
        return channels * (1.01 + 8 / Double(k)) * seen < pixels
    }

    private var mostChannels: Int { blocks.mostChannels }
    private var sumElements: Int { (blocks.mostPixels + 3) * mostChannels }
    private var placeElements: Int {
        (blocks.mostPixels + 3) * MemoryLayout<Int32>.stride / MemoryLayout<Scalar>.stride + 1
    }
    private var panelElements: Int { blocks.kc * tiles.vectors * tiles.lanes }
    /// Places, sums, a panel that is packed late, copies; each from a line on.
    private var parts: (sums: Int, panel: Int, field: Int, end: Int) {
        func line(_ count: Int) -> Int { (count + 31) / 16 * 16 }
        let sums = line(placeElements), panel = sums + line(sumElements)
        let field = panel + line(panelElements)
        return (sums, panel, field, field + line(self.field.elementCount))
    }

    var scratchByteCount: Int {
        max(plain.scratchByteCount, threads * parts.end * MemoryLayout<Scalar>.stride)
    }

    /// - Parameter owner: what holds `weight`
    func prepare(
        _ weight: UnsafePointer<Scalar>, of owner: TensorStorage, bias: UnsafePointer<Scalar>?,
        use: WeightUse
    ) -> WeightSet<Scalar> {
        // By the pixels of one image, so that it has the same bits in a batch.
        if use == .once && geometry.outputSize.count <= ImplicitGEMM<Scalar>.mostPixelsInPlace {
            return WeightSet(
                panels: [plain.prepare(weight, of: owner, bias: bias, use: use)])
        }
        let isFinite =
            field.isPadded && (use == .often || runs.seenShare <= Self.littleSeen)
            && UnsafeBufferPointer(
                start: weight, count: geometry.groups * geometry.weightElementsPerGroup
            ).isFinite
        return WeightSet(
            panels: [],
            channels: ChannelPanels(
                weight, isFinite: isFinite,
                of: use == .once && blocks.blockCount == 1 ? owner : nil, bias: bias,
                m: geometry.outputChannelsPerGroup,
                k: geometry.inputChannelsPerGroup * geometry.kernel.count,
                groups: geometry.groups, blocks: blocks, kernels: kernels, threads: threads))
    }

    /// Over the cores: splits of output channels x images x groups x blocks of pixels.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        guard let panels = weights.channels else {
            return plain.run(operands, weights: weights.panels[0])
        }
        let tasks = blocks.tasks(images: geometry.batch * geometry.groups)
        let elements = parts.end
        ParallelTiles.run(tasks.count, threads: threads) { task, worker in
            let place = tasks.place(task)
            let part = Part(
                image: place.image, pixels: blocks.pixels(ofBlock: place.block),
                panels: blocks.panels(ofSplit: place.split),
                scratch: operands.scratch + worker * elements)
            let tiles = runs.tiles(part.pixels, seesAll: !panels.isFinite)
            tiles.withUnsafeBufferPointer { tiles in
                field.offsets.withUnsafeBufferPointer {
                    sum(part, operands.input, panels, tiles, $0.baseAddress!)
                }
            }
            turn(part, operands)
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
        _ part: Part, _ input: UnsafePointer<Scalar>, _ weights: ChannelPanels<Scalar>,
        _ runs: UnsafeBufferPointer<PixelRun>, _ offsets: UnsafePointer<Int32>
    ) {
        let taps = geometry.kernel.count, plane = geometry.inputSize.count
        let k = geometry.inputChannelsPerGroup * taps, group = part.image % geometry.groups
        let channels = blocks.channels(ofPanels: part.panels), parts = parts
        let image = input + part.image * geometry.inputChannelsPerGroup * plane
        let places = UnsafeMutableRawPointer(part.scratch).bindMemory(
            to: Int32.self, capacity: part.pixels.count + 3)
        field.place(part.pixels, places)
        let pieces = field.pieces(of: part.pixels)
        for first in stride(from: 0, to: k, by: blocks.kc) {
            let some = first..<min(k, first + blocks.kc)
            let values = field.values(
                image + first / taps * plane, channels: some.count / taps, of: part.pixels,
                pieces: pieces, memory: part.scratch + parts.field)
            for panel in part.panels {
                let mine = blocks.channels(ofPanel: panel)
                let late = part.scratch + parts.panel
                let b = weights.panel(panel, of: some, group: group)
                if b == nil { weights.packLate(panel, of: some, group: group, to: late, kernels) }
                tiles.sum(
                    PixelOperands(
                        field: values, offsets: offsets, depth: some.count, taps: taps,
                        pixels: places, tiles: runs, b: b ?? UnsafePointer(late),
                        vectors: mine.count / tiles.lanes,
                        c: part.scratch + parts.sums + mine.lowerBound - channels.lowerBound,
                        ldc: channels.count,
                        start: first == 0 ? weights.bias(ofGroup: group) + mine.lowerBound : nil,
                        accumulate: first > 0,
                        ahead: weights.ahead(of: panel, in: part.panels, some, group: group)))
            }
        }
    }

    /// The sums of a part to where they belong.
    private func turn(_ part: Part, _ operands: RunOperands<Scalar>) {
        operands.turn(
            part.scratch + parts.sums, of: blocks.channels(ofPanels: part.panels),
            pixels: part.pixels, image: part.image, geometry, tiles)
    }
}
