// SPDX-License-Identifier: Apache-2.0

/// How the outputs of a convolution are divided into the tiles of minimal filtering.
///
///     tile      outputs of `down` x `across` filters; a lane
///     plane     one depth of one image and group
///     part      neighbouring rows and columns of a plane's tiles, as vectors of lanes in the order of
///               rows; the last vector of a part is ragged
struct WinogradTiling: Sendable {
    let down, across: WinogradFilter
    let lanes: Int
    /// Tiles of a plane.
    let tilesDown, tilesAcross: Int

    /// Nil where no filter fits the kernel, or where there is nothing to save.
    init?(_ g: ConvolutionGeometry, precision: Precision, lanes: Int) {
        guard
            let down = WinogradFilter.filter(taps: g.kernel.height, precision: precision),
            let across = WinogradFilter.filter(taps: g.kernel.width, precision: precision),
            down.taps * across.taps > 1
        else { return nil }
        (self.down, self.across, self.lanes) = (down, across, lanes)
        tilesDown = (g.outputSize.height + down.outputs - 1) / down.outputs
        tilesAcross = (g.outputSize.width + across.outputs - 1) / across.outputs
    }

    /// Multiplications for a tile and a pair of channels.
    var points: Int { down.points * across.points }

    /// A part with all tiles of a plane.
    var plane: WinogradPart {
        WinogradPart(tiling: self, rows: 0..<tilesDown, columns: 0..<tilesAcross)
    }
}

/// Some tiles of a plane, and where what belongs to them is in memory.
struct WinogradPart: Sendable {
    let tiling: WinogradTiling
    let rows, columns: Range<Int>

    /// Vectors that hold the tiles.
    var vectors: Int { (rows.count * columns.count + tiling.lanes - 1) / tiling.lanes }

    /// Elements of a row of one value of the tiles, with the neighbours that the last tile sees.
    var slot: Int { columns.count + (tiling.across.points - 1) / tiling.across.outputs }
    /// Rows of values with the same residue, with those that the last row of tiles sees.
    var slots: Int { rows.count + (tiling.down.points - 1) / tiling.down.outputs }

    /// Elements from one residue of the rows to the next, and from one residue of the columns to the
    /// next, in the values of a channel.
    var rowPhasePitch: Int { slots * slot + 2 * tiling.lanes }
    var columnPhasePitch: Int { tiling.down.outputs * rowPhasePitch }
    var valueElements: Int { tiling.across.outputs * columnPhasePitch }

    /// The same of what the transform along rows makes of them: `[points][residue][slot][tile]`.
    var streamPhasePitch: Int { slots * columns.count + 2 * tiling.lanes }
    var streamPitch: Int { tiling.down.outputs * streamPhasePitch }
    var streamElements: Int { tiling.across.points * streamPitch }

    /// Memory for one padded row.
    var lineElements: Int { tiling.across.outputs * (slot + tiling.lanes) + 2 * tiling.lanes }

    /// Memory for the transform of one channel.
    var workElements: Int { (valueElements + streamElements + lineElements + 31) / 16 * 16 }

    /// Where the values are that the transform of a row reads, and that of a column of streams.
    var valueOffsets: InlineArray<6, Int> {
        InlineArray {
            $0 % tiling.across.outputs * columnPhasePitch + $0 / tiling.across.outputs
        }
    }
    var streamOffsets: InlineArray<6, Int> {
        InlineArray {
            $0 % tiling.down.outputs * streamPhasePitch + $0 / tiling.down.outputs * columns.count
        }
    }
}
