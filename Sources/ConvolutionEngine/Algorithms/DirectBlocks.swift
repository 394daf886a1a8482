// SPDX-License-Identifier: Apache-2.0

/// How ``DirectConvolution`` cuts a geometry into blocks of outputs: numbers alone, made without an
/// allocation, since for the smallest requests a plan may not take longer than the sums.
struct DirectBlocks: Sendable {
    /// Tiles are a few output channels by a few pixels; false: a few rows of one output channel.
    let sharesChannels: Bool
    /// Rows of the window that a tile takes as one: those of the kernel or, where output rows share no
    /// rows of the input, one.
    let taps: Int
    /// Whether each row of the kernel is a plane of its own, because output rows share no rows of the input.
    let isolatesRows: Bool
    /// Rows of the input from one row of a tile to the next.
    let step: Int
    /// Interleaved sets of output rows whose windows share no rows: the dilation.
    let residues: Int
    /// Windows of one plane roll over its rows, which are read from the input (`RowKernels.rollRows`).
    let rolls: Bool
    /// Windows are read from a padded copy of the block, split by stride phase; false: from the input.
    let copies: Bool
    /// Windows that are read from the input look across the ends of its rows, at what is not padding.
    let masks: Bool
    /// Rows of a block follow each other, in the input as in the output: windows of one pixel, next
    /// to each other.
    let joinsRows: Bool
    /// Outputs of a block, in each dimension, at most.
    let rows, columns: Int
    /// Blocks of an output plane, in each dimension.
    let rowBlocks, columnBlocks: Int
    /// Rows that are not divided: those of a tile, for each residue; of blocks smaller than these one.
    private let unit: Int
    /// Parts of the output channels of a group, for the cores: where there are too few rows for all of them,
    /// and a part has work enough for a copy of its own.
    let channelParts: Int
    /// Elements of a stride phase of a padded row, and of all phases.
    let phasePitch, rowPitch: Int
    /// Rows of the input that a block looks at, in one depth.
    let windowRows: Int

    /// - Parameters:
    ///   - rows: output rows of a tile
    ///   - channels: output channels of a tile
    ///   - rollingSide: the largest side of a window that may roll
    ///   - share: blocks of a plane that would keep all cores busy
    init(
        _ g: ConvolutionGeometry, lanes: Int, rows: Int, channels: Int, rollingSide: Int,
        share: Int, elementByteCount: Int
    ) {
        sharesChannels = g.outputChannelsPerGroup >= channels
        let kernel = g.kernel.height, stride = g.stride.height
        if stride == 1 && kernel <= 128 {
            (taps, step, residues) = (kernel, 1, g.dilation.height)
            isolatesRows = false
        } else if stride == 2 && g.dilation.height == 1 && [3, 5, 7].contains(kernel) {
            (taps, step, residues) = (kernel, 2, 1)
            isolatesRows = false
        } else {
            (taps, step, residues) = (1, 1, 1)
            isolatesRows = true
        }
        let extent = g.kernelExtent
        // Padding in front may be negative (``Gradients``).
        let before = g.paddingBefore.width
        let after =
            (g.outputSize.width - 1) * g.stride.width + extent.width - g.inputSize.width - before
        let isPadded = before > 0 || after > 0

        // A row of a block: 4096 outputs, or fewer where there are no other blocks for the cores.
        let width = g.outputSize.width, height = g.outputSize.height
        // Cores that write to different columns share a line at every edge, and write to pages all over the
        // output; those with channels of their own write one piece of it. Parts of them are many, since a core that
        // takes one more than the others keeps these waiting, and each has two tiles or more.
        let fitting = (width + 4095) / 4096
        let parts = height >= share * rows ? 1 : min(share, max(1, width / (16 * lanes)))
        channelParts =
            sharesChannels && parts > 1
            ? max(1, min(2 * share, g.outputChannelsPerGroup / (4 * channels))) : 1
        columnBlocks = max(fitting, (parts + channelParts - 1) / channelParts)
        columns = (width + columnBlocks - 1) / columnBlocks
        let pace = g.stride.width, isWide = width / columnBlocks >= lanes
        // Of 5x5 taps rows that are not much longer than a vector waste more of it than lanes cost.
        let mayRoll =
            !sharesChannels && isWide && Self.mayRoll(g, rollingSide)
            && (g.kernel.width == 3 || 2 * width > 3 * lanes)
        masks =
            isPadded && height > 1 && (pace == 1 || mayRoll) && !sharesChannels && isWide
            && g.inputSize.width >= pace * lanes
            && max(before, after) + pace - 1 <= Self.readable
        rolls = mayRoll && (masks || !isPadded)
        copies =
            pace > 1 && !rolls || isPadded && !masks
            || sharesChannels && (before != 0 || Self.looksOutside(g))
        joinsRows =
            sharesChannels && g.kernel.count == 1 && g.stride.width == 1 && stride == 1
            && columnBlocks == 1 && !copies && g.inputSize.width == width
        let phase = (columns - 1) + (extent.width + g.stride.width - 1) / g.stride.width
        let rounded = (phase + lanes - 1) / lanes * lanes
        // Rows a multiple of 1 KiB apart would meet in the same few sets of L1.
        phasePitch = rounded * elementByteCount % 1024 == 0 ? rounded + lanes : rounded
        rowPitch = phasePitch * g.stride.width

        // Rows of a block: what fits into L1 or, where most of that would be copied several times, into L2.
        let slices = max(1, g.inputChannelsPerGroup * g.kernel.depth)
        let row = Double(slices) * Double(rowPitch * elementByteCount)
        func fit(_ byteCount: Double) -> Int {
            (Int(byteCount / row) - (extent.height - stride)) / stride
        }
        let near = fit(24 * 1024)
        let isReadOnce = !copies && slices == 1 && g.outputChannelsPerGroup == 1
        let most =
            isReadOnce
            ? height
            : near >= rows && near * stride >= extent.height - stride ? near : fit(192 * 1024)
        let tiles = rows * residues
        let wanted = max(1, min(most, (height + share - 1) / share))
        let blocks = (height + wanted - 1) / wanted
        let even = (height + blocks - 1) / blocks
        // Whole tiles, shared out evenly.
        let tallest = (even + tiles - 1) / tiles * tiles
        unit = tallest <= 2 * even ? tiles : 1
        self.rows = min(height, unit > 1 ? tallest : even)
        let units = (height + unit - 1) / unit, each = (self.rows + unit - 1) / unit
        rowBlocks = (units + each - 1) / each
        windowRows = (self.rows - 1) * stride + extent.height
    }

    /// The rows of a block, of an output's.
    func rows(ofBlock block: Int, height: Int) -> Range<Int> {
        let units = (height + unit - 1) / unit
        let first = units * block / rowBlocks, end = units * (block + 1) / rowBlocks
        return first * unit..<min(height, end * unit)
    }

    /// Vectors that cover a block.
    func places(_ lanes: Int) -> Int { rows * ((columns + lanes - 1) / lanes) }

    /// Elements of any type that are readable beside a tensor.
    private static let readable = TensorStorage.slackByteCount / 8

    /// Whether windows are of one plane, square, and as far apart in one direction as in the other; of windows two apart
    /// the taps are neighbours.
    private static func mayRoll(_ g: ConvolutionGeometry, _ most: Int) -> Bool {
        let side = g.kernel.width, stride = g.stride.width
        return (side == 3 || side == 5) && side <= most && g.kernel.height == side
            && g.inputChannelsPerGroup == 1 && g.kernel.depth == 1
            && g.stride.height == stride
            && (stride == 1
                || stride == 2 && g.dilation.width == 1 && g.dilation.height == 1)
    }

    /// Whether any window looks at padding above, below, before or behind the input.
    private static func looksOutside(_ g: ConvolutionGeometry) -> Bool {
        g.paddingBefore.depth > 0 || g.paddingBefore.height > 0
            || (g.outputSize.depth - 1) * g.stride.depth + g.kernelExtent.depth > g.inputSize.depth
            || (g.outputSize.height - 1) * g.stride.height + g.kernelExtent.height
                > g.inputSize.height
    }

    /// Whether a worker's memory stays within megabytes, by numbers alone and for any instruction set.
    static func areModest(_ g: ConvolutionGeometry) -> Bool {
        let blocks = DirectBlocks(
            g, lanes: 16, rows: 4, channels: 4, rollingSide: 0, share: 1, elementByteCount: 4)
        let slices = Double(g.inputChannelsPerGroup) * Double(g.kernel.depth)
        let rows = slices * Double(blocks.windowRows)
        let copied = blocks.copies ? rows * Double(blocks.rowPitch) : 0
        let tables = max(rows, slices * Double(g.kernel.height) * Double(blocks.rows))
        return max(copied, tables, Double(blocks.columns) * Double(blocks.rows) / 16)
            <= Double(PlaneLayout.mostElements / 2)
            && slices * Double(g.kernel.height) * Double(g.kernel.width) <= 1_048_576
    }
}
