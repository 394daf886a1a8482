// SPDX-License-Identifier: Apache-2.0

/// What is computed together, so that it stays in the caches. None of it changes a result.
struct WinogradBlocks: Sendable {
    /// Whether the whole input is transformed before anything is multiplied.
    let isShared: Bool
    /// Vectors of all planes of a group, or the most of a part.
    let vectors: Int
    /// Vectors of a plane, where the input is shared.
    let planeVectors: Int
    /// Vectors of a panel.
    let panelVectors: Int
    /// Elements of a panel of transformed values, of a point, and of all points of a group or a part.
    let panelElements, pointStride, pointElements: Int
    /// Pieces that the channels are divided into while the input is transformed.
    let channelParts: Int
    /// Blocks of vectors, and their length: whole panels.
    let blockCount, blockVectors: Int
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
        let sharedByteCount =
            Double(g.groups * tiling.points) * Double(stride(all)) * Double(scalarByteCount)
        isShared = g.kernel.depth == 1 && sharedByteCount <= Self.mostShared
        // A strip of two panels: enough for the tile, little enough for L2.
        let target = 2 * nr
        let wide = max(1, (tiling.tilesAcross + target - 1) / target)
        partsAcross = tiling.tilesAcross <= 2 * target ? 1 : wide
        let columns = (tiling.tilesAcross + partsAcross - 1) / partsAcross
        let rows = max(1, target / columns)
        partsDown = (tiling.tilesDown + rows - 1) / rows
        let part = WinogradPart(
            tiling: tiling, rows: 0..<(tiling.tilesDown + partsDown - 1) / partsDown,
            columns: 0..<columns)
        vectors = isShared ? all : part.vectors
        pointStride = stride(vectors)
        pointElements = tiling.points * pointStride
        channelParts = max(1, min(channels, 4 * threads / max(1, planes * g.groups)))
        // Blocks of three panels or four, of equal length: weights are read once for each.
        let panels = (vectors + panelVectors - 1) / panelVectors
        let some = isShared ? max(1, (panels + 1) / 4) : 1
        let blockPanels = (panels + some - 1) / some
        blockCount = (panels + blockPanels - 1) / blockPanels
        blockVectors = min(vectors, blockPanels * panelVectors)
        // The sums of all points stay in L2.
        let fitting = 262_144 / (tiling.points * blockPanels * nr * scalarByteCount) / mr * mr
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

    /// Vectors of a block.
    func vectors(ofBlock block: Int) -> Range<Int> {
        block * blockVectors..<min(vectors, (block + 1) * blockVectors)
    }

    var partCount: Int { partsDown * partsAcross }

    /// Tiles of a part.
    func part(_ index: Int) -> WinogradPart {
        let y = index / partsAcross, x = index % partsAcross
        return WinogradPart(
            tiling: tiling,
            rows: tiling.tilesDown * y / partsDown..<tiling.tilesDown * (y + 1) / partsDown,
            columns: tiling.tilesAcross * x / partsAcross..<tiling.tilesAcross * (x + 1)
                / partsAcross)
    }

    /// The largest part there is, for the size of memory.
    var largestPart: WinogradPart {
        if isShared { return tiling.plane }
        return WinogradPart(
            tiling: tiling, rows: 0..<(tiling.tilesDown + partsDown - 1) / partsDown,
            columns: 0..<(tiling.tilesAcross + partsAcross - 1) / partsAcross)
    }
}
