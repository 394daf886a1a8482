// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// How a product with output channels in the lanes is divided: pixels into blocks of whole tiles, vectors of channels
/// into splits, and these into panels.
///
/// As in ``BlockSizes`` only `kc` decides the order of the sums.
struct ChannelBlocks: Sendable {
    /// Length of the sums between two visits to C.
    let kc: Int
    let blockCount: Int
    let splitCount: Int
    /// Where panels begin, in vectors, and where the last one ends.
    private let panelEdges: [Int]
    /// The first panel of each split, and how many there are in all.
    private let splitEdges: [Int]
    /// Output channels of a group, rounded up to whole vectors.
    let paddedChannels: Int

    /// The most pixels of any block of whole tiles.
    static var mostPixels: Int { 448 }

    private let n: Int
    private let width: Int
    private let tilePixels: Int
    private let lanes: Int

    private var tiles: Int { (n + tilePixels - 1) / tilePixels }

    /// - Parameters:
    ///   - m: output channels of a group
    ///   - n: pixels of an image, of rows of `width`
    ///   - unit: pixels that stay together; nil: those of a tile
    ///   - mostPixels: of a block, unless a unit has more
    ///   - k: length of the whole sum, `kc` of it at a time
    ///   - copied: cycles for what a block of so many rows copies; nil: nothing
    ///   - images: independent products that share the cores (batch x groups)
    init<Scalar>(
        m: Int, n: Int, width: Int, unit: Int? = nil, mostPixels: Int = Self.mostPixels, k: Int,
        kc: Int, copied: ((Int) -> Double)?, images: Int, threads: Int,
        _ kernels: PixelKernels<Scalar>
    ) {
        (self.n, self.width) = (n, width)
        self.kc = kc
        lanes = kernels.lanes
        tilePixels = unit ?? kernels.pixels
        let tilePixels = tilePixels, vectors = (m + lanes - 1) / lanes
        paddedChannels = vectors * lanes
        let tiles = (n + tilePixels - 1) / tilePixels
        // Sums of 64 K elements at most stay in L2 beside the weights.
        let fitting = (n * paddedChannels + 65_535) / 65_536, mostSplits = min(vectors, 2 * threads)
        let fewest = min(
            tiles,
            max(
                (n + mostPixels - 1) / mostPixels, (fitting + mostSplits - 1) / mostSplits
            ))
        var best = (time: Double.infinity, blocks: fewest, splits: mostSplits)
        for blocks in fewest...min(tiles, fewest + 8 * threads) {
            for splits in 1...mostSplits where blocks * splits >= fitting {
                let tasks = max(1, images) * blocks * splits
                let some = Double((vectors + splits - 1) / splits)
                let panels = (some / Double(kernels.vectors)).rounded(.up)
                let pixels = Double((tiles + blocks - 1) / blocks * tilePixels)
                let rows = min((n + width - 1) / width, (Int(pixels) + width - 1) / width + 1)
                // Multiply-adds of vectors, and what a panel takes besides, as long as a third of a vector; a row of
                // weights on its way from L3; what is copied; sums turned back. Small tasks would let the cores end
                // together if something else held up one of them, but large ones are faster by more: 1024 to 256
                // channels at 14x14 on two cores (Zen 5) 0.210 ms in two tasks, 0.229 in sixteen.
                let task =
                    Double(k) * (some + 0.3 * panels) * (pixels + 3) + (copied?(rows) ?? 0)
                    + some * Double(lanes) * pixels * 0.5
                let rounds = Double((tasks + threads - 1) / threads)
                let time = task * (rounds + (threads > 1 ? 0.01 : 0))
                if time < best.time { best = (time, blocks, splits) }
            }
        }
        (blockCount, splitCount) = (best.blocks, best.splits)
        // Panels of nearly the same width, as few as there can be.
        var panelEdges = [0], splitEdges = [0]
        for split in 0..<best.splits {
            let first = vectors * split / best.splits
            let some = vectors * (split + 1) / best.splits - first
            let panels = (some + kernels.vectors - 1) / kernels.vectors
            for panel in 1...panels { panelEdges.append(first + some * panel / panels) }
            splitEdges.append(panelEdges.count - 1)
        }
        (self.panelEdges, self.splitEdges) = (panelEdges, splitEdges)
    }

    /// Panels of a group.
    var panelCount: Int { panelEdges.count - 1 }

    /// The tasks of `images` products.
    func tasks(images: Int) -> BlockTasks {
        BlockTasks(images: images, blocks: blockCount, splits: splitCount)
    }

    /// The pixels of a block: whole tiles, shared out evenly.
    func pixels(ofBlock block: Int) -> Range<Int> {
        tiles * block / blockCount
            * tilePixels..<min(n, tiles * (block + 1) / blockCount * tilePixels)
    }

    /// The most pixels that a block has.
    var mostPixels: Int { (tiles + blockCount - 1) / blockCount * tilePixels }

    /// The most rows that a block has pixels of.
    var mostRows: Int {
        (0..<blockCount).reduce(1) {
            let some = pixels(ofBlock: $1)
            return max($0, (some.upperBound - 1) / width - some.lowerBound / width + 1)
        }
    }

    /// The panels of a split.
    func panels(ofSplit split: Int) -> Range<Int> { splitEdges[split]..<splitEdges[split + 1] }

    /// The channels of a panel, whole vectors.
    func channels(ofPanel panel: Int) -> Range<Int> {
        panelEdges[panel] * lanes..<panelEdges[panel + 1] * lanes
    }

    /// The channels of some panels.
    func channels(ofPanels panels: Range<Int>) -> Range<Int> {
        channels(ofPanel: panels.lowerBound)
            .lowerBound..<channels(ofPanel: panels.upperBound - 1).upperBound
    }

    /// The most channels that a split has.
    var mostChannels: Int {
        (0..<splitCount).reduce(0) { max($0, channels(ofPanels: panels(ofSplit: $1)).count) }
    }
}
