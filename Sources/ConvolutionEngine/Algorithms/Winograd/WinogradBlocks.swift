// SPDX-License-Identifier: Apache-2.0

/// Vectors shared out evenly over panels: the first ones may hold one more than the others.
struct WinogradPanels: Sendable {
    let count: Int
    private let width: Int
    private let wide: Int

    init(_ vectors: Int, most: Int) {
        count = max(1, (vectors + most - 1) / most)
        width = max(1, (vectors + count - 1) / count)
        wide = vectors - count * (width - 1)
    }

    /// Vectors of a panel.
    func width(of panel: Int) -> Int { panel < wide ? width : width - 1 }

    private func firstVector(of panel: Int) -> Int { panel * (width - 1) + min(panel, wide) }

    /// Vectors of some panels.
    func vectors(of panels: Range<Int>) -> Range<Int> {
        firstVector(of: panels.lowerBound)..<firstVector(of: panels.upperBound)
    }

    /// Where a vector is: its panel, its place there, and what follows.
    func place(of vector: Int) -> (panel: Int, column: Int, width: Int, widePanels: Int) {
        if vector < wide * width || width == 1 {
            let panel = vector / width
            return (panel, vector % width, width, width == 1 ? .max : wide - panel)
        }
        let behind = vector - wide * width
        return (wide + behind / (width - 1), behind % (width - 1), width - 1, .max)
    }
}

/// What is computed together, so that it stays in the caches. None of it changes a result.
struct WinogradBlocks: Sendable {
    /// Whether the whole input is transformed before anything is multiplied.
    let isShared: Bool
    /// How the vectors of all planes of a group are shared out; of the largest part, where the input is
    /// not shared.
    let panels: WinogradPanels
    /// Vectors of a plane, where the input is shared.
    let planeVectors: Int
    /// Vectors of a panel.
    let panelVectors: Int
    /// Elements of a panel of transformed values, of a point, and of all points of a group or a part.
    let panelElements, pointStride, pointElements: Int
    /// Pieces that the channels are divided into while the input is transformed.
    let channelParts: Int
    /// Blocks of panels, and the most vectors of one.
    let blockCount, blockVectors: Int
    private let blockPanels: Int
    /// Parts of a plane: rows x columns of them.
    let partsDown, partsAcross: Int
    /// Output channels that are computed at a time: whole panels.
    let rowsAtATime: Int

    private let tiling: WinogradTiling
    private let outputs: Int

    init(
        _ g: ConvolutionGeometry, _ tiling: WinogradTiling, scalarByteCount: Int, mr: Int, nr: Int,
        threads: Int
    ) {
        self.tiling = tiling
        outputs = g.outputChannelsPerGroup
        let lanes = tiling.lanes, channels = g.inputChannelsPerGroup
        panelVectors = nr / lanes
        let panelVectors = panelVectors
        panelElements = channels * nr
        planeVectors = tiling.plane.vectors
        let planes = g.batch * g.outputSize.depth
        let all = planes * planeVectors
        func stride(_ vectors: Int) -> Int {
            (vectors + panelVectors - 1) / panelVectors * channels * nr + 16
        }
        // Vectors of 64 bytes are of processors with an L2 cache of a megabyte or two, others have half of one.
        let l2 = lanes * scalarByteCount == 64 ? 1_048_576 : 524_288
        let tileByteCount = tiling.inputPoints * channels * g.kernel.depth * scalarByteCount
        let strips = WinogradStrips(
            tiling, groups: g.groups, planes: g.kernel.depth > 1 ? g.batch : planes,
            mostTiles: max(2 * nr / 3, l2 * 9 / 8 / tileByteCount), threads: threads)
        (partsDown, partsAcross) = (strips.down, strips.across)
        let part = WinogradPart(
            tiling: tiling.sizes, rows: 0..<(tiling.tilesDown + partsDown - 1) / partsDown,
            columns: 0..<(tiling.tilesAcross + partsAcross - 1) / partsAcross)
        // What one core transforms and another multiplies has to go from cache to cache.
        let sharedByteCount =
            Double(g.groups * tiling.inputPoints) * Double(stride(all)) * Double(scalarByteCount)
        // Every strip reads all weights, from L3 where they are more than L2 holds.
        let weightByteCount =
            Double(tiling.weightPoints * scalarByteCount) * Double(channels) * Double(outputs)
        let reading = weightByteCount > Double(l2) ? 1.1 : 1.4
        isShared =
            g.kernel.depth == 1 && sharedByteCount <= Self.mostShared
            && reading * strips.wholeTime < strips.time
        let vectors = isShared ? all : part.vectors
        panels = WinogradPanels(vectors, most: panelVectors)
        pointStride = stride(vectors)
        pointElements = tiling.inputPoints * pointStride
        channelParts = max(1, min(channels, 4 * threads / max(1, planes * g.groups)))
        // Blocks of three panels or four, of equal length: weights are read once for each.
        let some = isShared ? max(1, (panels.count + 1) / 4) : 1
        blockPanels = (panels.count + some - 1) / some
        blockCount = (panels.count + blockPanels - 1) / blockPanels
        blockVectors = panels.vectors(of: 0..<min(panels.count, blockPanels)).count
        // The sums of all points stay in L2.
        let fitting =
            l2 / 2 / (tiling.pointsAtATime * blockVectors * lanes * scalarByteCount) / mr * mr
        let share = outputs * blockCount * g.groups / (4 * threads) / mr * mr
        let most = max(4 * mr, fitting)
        rowsAtATime = isShared && threads > 1 ? max(mr, min(most, share)) : most
    }

    /// 6 MiB: what is transformed for all cores stays in L3.
    private static var mostShared: Double { 6 * 1_048_576 }

    var splitCount: Int { (outputs + rowsAtATime - 1) / rowsAtATime }

    /// Output channels of a split.
    func rows(ofSplit split: Int) -> Range<Int> {
        split * rowsAtATime..<min(outputs, (split + 1) * rowsAtATime)
    }

    /// Panels of a block.
    func panels(ofBlock block: Int) -> Range<Int> {
        block * blockPanels..<min(panels.count, (block + 1) * blockPanels)
    }

    var partCount: Int { partsDown * partsAcross }

    /// Tiles of a part.
    func part(_ index: Int) -> WinogradPart {
        let y = index / partsAcross, x = index % partsAcross
        return WinogradPart(
            tiling: tiling.sizes,
            rows: tiling.tilesDown * y / partsDown..<tiling.tilesDown * (y + 1) / partsDown,
            columns: tiling.tilesAcross * x / partsAcross..<tiling.tilesAcross * (x + 1)
                / partsAcross)
    }

    /// The largest part there is, for the size of memory.
    var largestPart: WinogradPart {
        if isShared { return tiling.plane }
        return WinogradPart(
            tiling: tiling.sizes, rows: 0..<(tiling.tilesDown + partsDown - 1) / partsDown,
            columns: 0..<(tiling.tilesAcross + partsAcross - 1) / partsAcross)
    }
}

/// How planes are cut into parts that a core transforms, multiplies and transforms back while they are in its
/// cache: strips of whole rows of tiles where these are short enough.
private struct WinogradStrips {
    let down, across: Int
    /// How long they take, and how long everything would take if it could be shared out evenly; in the time
    /// that one tile takes.
    let time, wholeTime: Double

    /// - Parameters:
    ///   - planes: of a group; what is cut for itself
    ///   - mostTiles: tiles of a strip that the cache has room for
    init(_ tiling: WinogradTiling, groups: Int, planes: Int, mostTiles: Int, threads: Int) {
        // Each strip reads all weights. A panel of one vector waits for its own sums.
        func time(_ tiles: Int) -> Double {
            let vectors = (tiles + tiling.lanes - 1) / tiling.lanes
            return 12 + Double(tiling.lanes) * (vectors == 1 ? 1.35 : Double(vectors))
        }
        across = (tiling.tilesAcross + mostTiles - 1) / mostTiles
        let columns = (tiling.tilesAcross + across - 1) / across
        var best = (time: Double.infinity, down: tiling.tilesDown)
        for rows in 1...max(1, min(tiling.tilesDown, mostTiles / columns)) {
            let down = (tiling.tilesDown + rows - 1) / rows
            let rounds = (groups * planes * down * across + threads - 1) / threads
            let all = Double(rounds) * time((tiling.tilesDown + down - 1) / down * columns)
            if all < best.time { best = (all, down) }
        }
        (self.time, down) = best
        // Shared, the planes of a group lie together.
        let all = planes * tiling.plane.vectors * tiling.lanes
        wholeTime = Double(groups) * time(all) / Double(threads)
    }
}
