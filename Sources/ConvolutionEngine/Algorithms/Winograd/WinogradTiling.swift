// SPDX-License-Identifier: Apache-2.0

/// How the outputs of a convolution are divided into the tiles of minimal filtering.
///
///     tile      outputs of `down` x `across` filters; a lane
///     plane     one depth of one image and group
///     part      neighbouring rows and columns of a plane's tiles, as vectors of lanes in the order of
///               rows; the last vector of a part is ragged
struct WinogradTiling: Sendable {
    private let downAxis, acrossAxis: WinogradAxis
    /// All numbers of it.
    let sizes: WinogradSizes
    /// For each phase of the rows its products, in order.
    let products: [[Product]]
    /// The most products that are summed together: those of one phase of the rows.
    let pointsAtATime: Int
    /// Tiles of a plane.
    let tilesDown, tilesAcross: Int

    /// Nil where no filter fits the kernel, or where there is nothing to save.
    init?(_ g: ConvolutionGeometry, precision: Precision, lanes: Int) {
        guard
            let down = WinogradAxis(g, 1, precision: precision),
            let across = WinogradAxis(g, 2, precision: precision), down.saves || across.saves
        else { return nil }
        (downAxis, acrossAxis) = (down, across)
        sizes = WinogradSizes(down: down.sizes, across: across.sizes, lanes: lanes)
        let (height, width) = (down.sizes, across.sizes)
        tilesDown = (g.outputSize.height + height.lead + height.outputs - 1) / height.outputs
        tilesAcross = (g.outputSize.width + width.lead + width.outputs - 1) / width.outputs
        pointsAtATime = down.phases.map(\.filter.points).max()! * width.points
        products = down.phases.map { phase in
            (0..<phase.filter.points).flatMap { y in
                (0..<width.points).map { x in
                    Product(
                        weight: phase.weightPoint(y) * width.weightPoints + across.weightPoint(x),
                        input: (phase.firstInputPoint + y) * width.inputPoints
                            + across.inputPoint(x))
                }
            }
        }
    }

    /// Multiplications for a tile and a pair of channels.
    var points: Int { down.points * across.points }

    /// Points that a kernel becomes.
    var weightPoints: Int { down.weightPoints * across.weightPoints }

    /// Points of a tile's values.
    var inputPoints: Int { down.inputPoints * across.inputPoints }

    /// One of the products of a tile: the points of the weights and of the input that belong to it.
    struct Product: Sendable {
        let weight, input: Int
    }

    var down: WinogradAxis.Sizes { sizes.down }
    var across: WinogradAxis.Sizes { sizes.across }
    var lanes: Int { sizes.lanes }
    var downPhases: [WinogradAxis.Phase] { downAxis.phases }
    var acrossPhases: [WinogradAxis.Phase] { acrossAxis.phases }
    var downReadings: [WinogradAxis.Reading] { downAxis.readings }
    var acrossReadings: [WinogradAxis.Reading] { acrossAxis.readings }

    /// A part with all tiles of a plane.
    var plane: WinogradPart {
        WinogradPart(tiling: sizes, rows: 0..<tilesDown, columns: 0..<tilesAcross)
    }
}

/// The numbers of both dimensions, and of a vector.
struct WinogradSizes: Sendable {
    let down, across: WinogradAxis.Sizes
    let lanes: Int
}

/// Some tiles of a plane, and where what belongs to them is in memory.
struct WinogradPart: Sendable {
    let tiling: WinogradSizes
    let rows, columns: Range<Int>

    /// Vectors that hold the tiles.
    var vectors: Int { (rows.count * columns.count + tiling.lanes - 1) / tiling.lanes }

    /// Elements of a row of one value of the tiles, with the neighbours that the last tile sees.
    var slot: Int { columns.count + (tiling.across.values - 1) / tiling.across.advance }
    /// Rows of values with the same residue, with those that the last row of tiles sees.
    var slots: Int { rows.count + (tiling.down.values - 1) / tiling.down.advance }

    /// Elements from one residue of the rows to the next, and from one residue of the columns to the
    /// next, in the values of a channel.
    var rowPhasePitch: Int { slots * slot + 2 * tiling.lanes }
    var columnPhasePitch: Int { tiling.down.advance * rowPhasePitch }
    var valueElements: Int { tiling.across.advance * columnPhasePitch }

    /// The same of what the transform along rows makes of them: `[points][residue][slot][tile]`.
    var streamPhasePitch: Int { slots * columns.count + 2 * tiling.lanes }
    var streamPitch: Int { tiling.down.advance * streamPhasePitch }
    var streamElements: Int { tiling.across.inputPoints * streamPitch }

    /// Memory for one padded row.
    var lineElements: Int { tiling.across.advance * (slot + tiling.lanes) + 2 * tiling.lanes }

    /// Memory for the transform of one channel.
    var workElements: Int { (valueElements + streamElements + lineElements + 31) / 16 * 16 }

    /// Where the values are that the transform of a row reads, and that of a column of streams.
    func valueOffsets(_ reading: WinogradAxis.Reading) -> InlineArray<6, Int> {
        InlineArray {
            let value = reading.firstValue + $0
            return value % tiling.across.advance * columnPhasePitch + value / tiling.across.advance
        }
    }
    func streamOffsets(_ reading: WinogradAxis.Reading) -> InlineArray<6, Int> {
        InlineArray {
            let value = reading.firstValue + $0
            return value % tiling.down.advance * streamPhasePitch
                + value / tiling.down.advance * columns.count
        }
    }
}
