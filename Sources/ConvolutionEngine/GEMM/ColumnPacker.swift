// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Packs columns of the input as panels of B: im2col, a block and a chunk at a time.
///
///     panels [ceil(columns / nr)][kc][nr], row k = (channel, tap), each panel followed by slack
struct ColumnPacker<Scalar: TensorScalar>: Sendable {
    let grid: TapGrid
    let kernels: GEMMKernels<Scalar>
    /// Nil: columns are gathered one by one, or read where they lie.
    let layout: PlaneLayout?
    /// Whether a last column is a panel of its own (``ColumnPanels``).
    private let isolatesOne: Bool
    /// Where the taps of some channels begin, if columns are read where they lie; empty: they are not.
    private let placeOffsets: [Int32]
    /// Columns that are shifts of whole planes, which need none of the others.
    let shifted: ShiftedColumns<Scalar>?

    /// - Parameters:
    ///   - channels: input channels of a group
    ///   - mostRows: the most rows of B that are wanted at a time; 0: not known
    init(
        _ grid: TapGrid, channels: Int = 0, mostPixels: Int, mostRows: Int = 0,
        isolatesOne: Bool = false, kernels: GEMMKernels<Scalar>
    ) {
        self.grid = grid
        self.kernels = kernels
        self.isolatesOne = isolatesOne
        shifted = ShiftedColumns(
            grid, channels: channels, mostPixels: mostPixels, mostRows: mostRows, kernels: kernels)
        placeOffsets = shifted == nil ? Self.placeOffsets(grid) : []
        layout =
            shifted == nil && placeOffsets.isEmpty
            ? PlaneLayout(grid, mostPixels: mostPixels) : nil
    }

    /// Channels with 256 taps in all or, with more of them, one; as many as 32 bits count.
    private static func placeOffsets(_ grid: TapGrid) -> [Int32] {
        let size = grid.inputSize, most = Int(Int32.max) / max(1, size.count)
        guard grid.looksInside, grid.stride.width <= 2, most > 0 || grid.isIdentity else {
            return []
        }
        let channels = max(1, min((256 + grid.taps.count) / grid.taps.count, most))
        return (0..<channels).flatMap { channel in
            grid.taps.map {
                let row = (channel * size.depth + $0.depth) * size.height + $0.height
                return Int32(row * size.width + $0.width)
            }
        }
    }

    /// A packer of padded rows only.
    init(_ grid: TapGrid, layout: PlaneLayout, kernels: GEMMKernels<Scalar>) {
        (self.grid, self.layout, self.kernels) = (grid, layout, kernels)
        (placeOffsets, isolatesOne, shifted) = ([], false, nil)
    }

    /// Elements of memory for ``pack(_:_:)``, besides the panels.
    var planeElements: Int {
        (layout?.count ?? shifted?.scratchElements ?? 0) + 4 * kernels.lanes
    }

    /// Writes what a block needs into the memory for padded rows. Zeros, since what is read behind a row goes
    /// into lanes that nobody looks at, but arithmetic on denormal numbers takes a hundred times as long.
    func begin(_ table: Table, _ plane: UnsafeMutablePointer<Scalar>) {
        if let shifted { return shifted.begin(table.block, plane) }
        plane.update(repeating: .zero, count: layout == nil ? 0 : planeElements)
    }

    /// The pieces of a block of pixels.
    ///
    /// - Parameter panelStride: elements from one panel of B to the next
    func table(_ pixels: Range<Int>, panelStride: Int) -> Table {
        var table = Table(
            pixels: pixels, panelStride: panelStride,
            panels: ColumnPanels(
                pixels.count, isolatesOne: isolatesOne, kernels: kernels))
        if grid.isIdentity && shifted == nil {
            append(from: pixels.lowerBound, count: pixels.count, to: &table)
            return table
        }
        table.block = PixelBlock(
            pixels, of: grid.size, oneRowBands: layout?.oneRowBands ?? true)
        if shifted != nil { return table }
        if !placeOffsets.isEmpty { appendRows(to: &table) }
        guard let layout else { return table }
        var band = 0
        for row in table.block.rows {
            let bands = table.block.bands
            while bands[band].z != row.z || !bands[band].y.contains(row.y) { band += 1 }
            let down = (row.y - bands[band].y.lowerBound) * grid.stride.height
            let right = row.x.lowerBound - bands[band].x.lowerBound
            append(
                from: band * layout.bandPitch + down * layout.rowPitch + right,
                count: row.x.count, to: &table)
        }
        return table
    }

    /// Rows of pixels that are read where they lie.
    private func appendRows(to table: inout Table) {
        let size = grid.inputSize, stride = grid.stride
        for row in table.block.rows {
            let y = row.z * stride.depth * size.height + row.y * stride.height
            append(
                from: y * size.width + row.x.lowerBound * stride.width, count: row.x.count,
                step: stride.width, to: &table)
        }
    }

    /// What ``pack(_:table:input:plane:panels:)`` needs to know of a block.
    struct Table {
        let pixels: Range<Int>
        let panelStride: Int
        let panels: ColumnPanels
        var block = PixelBlock(bands: [])
        var pieces: [CopyPiece] = []
        var columns = 0
    }

    /// Cuts neighbouring pixels at the panels' edges.
    private func append(from first: Int, count: Int, step: Int = 1, to table: inout Table) {
        var from = first, left = count
        while left > 0 {
            let panel = table.panels.panel(of: table.columns)
            let columns = table.panels[panel]
            let some = min(left, columns.upperBound - table.columns)
            let vectors = (some + kernels.lanes - 1) / kernels.lanes
            table.pieces.append(
                CopyPiece(
                    from: Int32(from),
                    to: Int32(panel * table.panelStride + table.columns - columns.lowerBound),
                    vectors: Int32(vectors)))
            table.columns += some
            from += some * step
            left -= some
        }
    }

    /// Rows `sum` of B for a block's pixels.
    ///
    /// - Parameters:
    ///   - input: the group's first channel
    ///   - tapPitch: nil for rows in the order of the sum, (channel, tap); for whole channels tap by tap,
    ///     elements from one tap's rows to the next's: one row more than there are channels
    func pack(
        _ sum: Range<Int>, table: Table, input: UnsafePointer<Scalar>,
        plane: UnsafeMutablePointer<Scalar>, panels: UnsafeMutablePointer<Scalar>,
        tapPitch: Int? = nil
    ) {
        if sum.isEmpty { return }
        if let shifted {
            let sources = shifted.rows(
                sum, pixels: table.pixels, tapByTap: tapPitch != nil, input: input, scratch: plane)
            return gather(sources, table, panels, tapPitch)
        }
        let taps = grid.taps.count
        // Taps of several channels follow each other where they lie, unless they are wanted tap by tap.
        let most = tapPitch == nil || taps == 1 ? max(taps, placeOffsets.count) : taps
        var k = sum.lowerBound
        while k < sum.upperBound {
            let channel = k / taps
            let some = k % taps..<min(most, k % taps + sum.upperBound - k)
            let values = input + channel * grid.inputSize.count
            let done = tapPitch == nil ? k - sum.lowerBound : channel - sum.lowerBound / taps
            let rows = panels + done * kernels.nr
            let pitch = taps == 1 ? kernels.nr : tapPitch ?? kernels.nr
            if !placeOffsets.isEmpty {
                copy(values, placeOffsets, some, table, rows, pitch)
            } else if let layout {
                fill(values, layout, table.block, plane)
                copy(plane, layout.tapOffsets, some, table, rows, pitch)
            } else {
                gather(values, some, table, rows, pitch)
            }
            k += some.count
        }
    }

    /// Rows into panels.
    private func gather(
        _ sources: ColumnRows<Scalar>, _ table: Table, _ panels: UnsafeMutablePointer<Scalar>,
        _ tapPitch: Int?
    ) {
        let runs = tapPitch == nil ? 1 : grid.taps.count
        var rows = sources
        rows.depth /= runs
        for panel in 0..<table.panels.count {
            let columns = table.panels[panel]
            rows.column = columns.lowerBound
            rows.vectors = (columns.count + kernels.lanes - 1) / kernels.lanes
            for run in 0..<runs {
                rows.rows = sources.rows + run * rows.depth
                rows.panel = panels + panel * table.panelStride + run * (tapPitch ?? 0)
                kernels.gatherRows(rows)
            }
        }
    }

    private func copy(
        _ plane: UnsafePointer<Scalar>, _ offsets: [Int32], _ taps: Range<Int>, _ table: Table,
        _ rows: UnsafeMutablePointer<Scalar>, _ pitch: Int
    ) {
        offsets.withUnsafeBufferPointer { offsets in
            table.pieces.withUnsafeBufferPointer { pieces in
                kernels.packTaps(
                    TapColumns(
                        plane: plane, taps: UnsafeBufferPointer(rebasing: offsets[taps]),
                        pieces: pieces, rows: rows, rowPitch: pitch,
                        stride: placeOffsets.isEmpty ? 1 : grid.stride.width))
            }
        }
    }

    /// The padded copy of one channel: the only place that knows where the input ends.
    func fill(
        _ values: UnsafePointer<Scalar>, _ layout: PlaneLayout, _ block: PixelBlock,
        _ plane: UnsafeMutablePointer<Scalar>
    ) {
        let size = grid.inputSize
        for (b, band) in block.bands.enumerated() {
            let left = band.x.lowerBound * grid.stride.width + grid.lowest.width
            let first = max(0, left)
            let top = band.y.lowerBound * grid.stride.height
            for (s, slice) in layout.slices.enumerated() {
                let z = band.z * grid.stride.depth + slice
                let inside = z >= 0 && z < size.depth && first < size.width
                var rows = PaddedRows(
                    values: inside ? values + z * size.height * size.width + first : values,
                    valuesPitch: size.width, height: inside ? size.height : 0, rows: 0..<0,
                    count: max(0, size.width - first), before: max(0, -left),
                    stride: layout.phases, phasePitch: layout.phasePitch,
                    to: plane + b * layout.bandPitch + s * layout.slicePitch, ahead: size.count)
                if layout.oneRowBands {
                    for row in layout.rows {
                        rows.rows = top + row..<top + row + 1
                        kernels.fillRows(rows)
                        rows.to += layout.rowPitch
                    }
                } else {
                    let last = (band.y.upperBound - 1) * grid.stride.height + grid.highest.height
                    rows.rows = top + grid.lowest.height..<last + 1
                    kernels.fillRows(rows)
                }
            }
        }
    }

    /// Element by element: for taps or pixels that stand far apart.
    private func gather(
        _ values: UnsafePointer<Scalar>, _ taps: Range<Int>, _ table: Table,
        _ rows: UnsafeMutablePointer<Scalar>, _ pitch: Int
    ) {
        let size = grid.inputSize
        for (t, tap) in grid.taps[taps].enumerated() {
            var column = 0
            for row in table.block.rows {
                let z = row.z * grid.stride.depth + tap.depth
                let y = row.y * grid.stride.height + tap.height
                let inside = z >= 0 && z < size.depth && y >= 0 && y < size.height
                for ox in row.x {
                    let x = ox * grid.stride.width + tap.width
                    let seen = inside && x >= 0 && x < size.width
                    let panel = table.panels.panel(of: column)
                    let at = column - table.panels[panel].lowerBound
                    rows[panel * table.panelStride + t * pitch + at] =
                        seen ? values[(z * size.height + y) * size.width + x] : .zero
                    column += 1
                }
            }
        }
    }
}
