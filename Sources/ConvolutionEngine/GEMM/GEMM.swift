// SPDX-License-Identifier: Apache-2.0

import KernelInterface

// Glossary. Letters are those of Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (2008), and of BLIS:
//
//     C[m, n] <- A[m, k] · B[k, n] + start
//
//     m    output channels of a group           mr   rows of a register tile
//     n    pixels of one image                  nr   columns of a register tile
//     k    input channels of a group x taps
//     mc   rows of A that stay in L2            kc   length of the sums between two visits to C
//     ldc  elements from one row of C to the next
//
//     A is packed in panels [k][mr] (WeightPanels), B in panels [kc][nr] (ColumnPacker).
//
//     loop 5  blocks of pixels                  ImplicitGEMM, over the cores
//     loop 4  chunks kc of the sum              GridProduct, which packs B
//     loop 3  blocks mc of A
//     loop 2  panels of B                       here
//     loop 1  panels of A
//     loop 0  the sum                           Tile, in the kernel modules

/// One chunk of the sum for one block of pixels: what loops 3, 2 and 1 work on.
struct GEMMBlock<Scalar: TensorScalar> {
    /// Rows of C, from the first of a panel.
    var rows: Range<Int>
    /// Panel 0 of A at the chunk's first k.
    var a: UnsafePointer<Scalar>
    /// Elements from one panel of A to the next; of rows in place, from one row to the next.
    var panelStrideA: Int
    /// Rows of A stand where the weights lie, ``panelStrideA`` apart.
    var isUnpacked = false
    /// Panel 0 of B.
    var b: UnsafePointer<Scalar>
    /// Where the rows of B lie, if its panels are yet to be made of them.
    var sources: ColumnRows<Scalar>?
    /// Elements from one panel of B to the next.
    var panelStrideB: Int
    /// Length of the chunk.
    var kc: Int
    /// Columns.
    var n: Int
    /// Whether a last column is a panel of its own (``ColumnPanels``).
    var isolatesOne = false
    /// Elements from one step of such a column to the next, where it is not in a panel of B; it is the only one then.
    var columnStep: Int?
    /// Row 0, column 0 of C.
    var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    var ldc: Int
    /// Where the sums start, one a row: nil: at what C holds.
    var start: UnsafePointer<Scalar>?
    /// Memory for a ragged tile, mr·nr elements, or for a column, mr·(kc + lanes).
    var edge: UnsafeMutablePointer<Scalar>

    /// C <- A·B + start: a panel of B stays in L1 while the panels of A pass by, from L2.
    func multiply(_ kernels: GEMMKernels<Scalar>, mc: Int) {
        let panels = ColumnPanels(n, isolatesOne: isolatesOne, kernels: kernels)
        // loop 3
        for m0 in stride(from: rows.lowerBound, to: rows.upperBound, by: mc) {
            let m1 = min(rows.upperBound, m0 + mc)
            // loop 2
            for panel in 0..<panels.count {
                let columns = panels[panel]
                if panels.endsWithOne && panel == panels.count - 1 {
                    if m0 == rows.lowerBound, var rows = sources {
                        rows.column = columns.lowerBound
                        rows.vectors = 1
                        rows.panel = UnsafeMutablePointer(mutating: b + panel * panelStrideB)
                        kernels.gatherRows(rows)
                    }
                    column(kernels, rows: m0..<m1, panel: panel, column: columns.lowerBound)
                    continue
                }
                // loop 1: whole tiles go straight into C, one with fewer rows by way of `edge`
                let whole = (m1 - m0) / kernels.mr
                let makesPanel = m0 == rows.lowerBound && sources != nil
                if whole > 0 {
                    let first = c + m0 * ldc + columns.lowerBound
                    tiles(
                        kernels, whole, row: m0, panel: panel, columns: columns, c: first, ldc: ldc,
                        accumulate: start == nil, makesPanel: makesPanel)
                }
                if m0 + whole * kernels.mr < m1 {
                    raggedTile(
                        kernels, row: m0 + whole * kernels.mr, panel: panel, columns: columns,
                        end: m1, makesPanel: makesPanel && whole == 0)
                }
            }
        }
    }
}

extension GEMMBlock {
    /// - Parameter makesPanel: whether the first tile makes its panel of B
    @inline(__always)
    private func tiles(
        _ kernels: GEMMKernels<Scalar>, _ count: Int, row: Int, panel: Int, columns: Range<Int>,
        c: UnsafeMutablePointer<Scalar>, ldc: Int, accumulate: Bool, makesPanel: Bool
    ) {
        var tiles = TileOperands(
            count: count, depth: kc,
            a: panelOfA(at: row, kernels), lda: isUnpacked ? panelStrideA : 0,
            b: b + panel * panelStrideB, c: c, ldc: ldc,
            vectors: (columns.count + kernels.lanes - 1) / kernels.lanes,
            bias: start.map { $0 + row }, accumulate: accumulate)
        tiles.tail = columns.count % kernels.lanes
        kernels.multiply(
            tiles, makingPanelOf: makesPanel ? sources : nil, columns: columns, of: n)
    }

    /// The panel of A that begins with a row, or the row where it lies.
    private func panelOfA(at row: Int, _ kernels: GEMMKernels<Scalar>) -> UnsafePointer<Scalar> {
        a + (isUnpacked ? row : row / kernels.mr) * panelStrideA
    }

    /// A column that is a panel of its own.
    private func column(_ kernels: GEMMKernels<Scalar>, rows: Range<Int>, panel: Int, column: Int) {
        let first = rows.lowerBound
        kernels.multiplyColumn(
            ColumnOperands(
                rows: rows.count, depth: kc,
                a: panelOfA(at: first, kernels), lda: isUnpacked ? panelStrideA : 0,
                b: b + panel * panelStrideB, step: columnStep ?? kernels.nr,
                c: c + first * ldc + column, ldc: ldc, start: start.map { $0 + first }, work: edge))
    }

    /// A tile that C has no room for: with fewer rows. Where rows of A lie in memory that is not ours behind the
    /// last, those before make up for them, and their sums are not looked at.
    private func raggedTile(
        _ kernels: GEMMKernels<Scalar>, row: Int, panel: Int, columns: Range<Int>, end: Int,
        makesPanel: Bool
    ) {
        let others = isUnpacked ? row + kernels.mr - end : 0
        tiles(
            kernels, 1, row: row - others, panel: panel, columns: columns, c: edge, ldc: kernels.nr,
            accumulate: false, makesPanel: makesPanel)
        for r in 0..<min(kernels.mr, end - row) {
            let to = c + (row + r) * ldc + columns.lowerBound
            let from = edge + (r + others) * kernels.nr
            if start == nil {
                for q in 0..<columns.count { to[q] += from[q] }
            } else {
                for q in 0..<columns.count { to[q] = from[q] }
            }
        }
    }
}

extension GEMMKernels where Scalar: TensorScalar {
    /// Tiles below each other, the first of which makes their panel of B, if there are rows to make it of; those behind it
    /// ask for what the next panel is made of.
    ///
    /// - Parameters:
    ///   - columns: the panel's
    ///   - n: columns of all panels
    @inline(__always)
    func multiply(
        _ tiles: TileOperands<Scalar>, makingPanelOf sources: ColumnRows<Scalar>?,
        columns: Range<Int>, of n: Int
    ) {
        guard var rows = sources else { return multiply(tiles) }
        var tiles = tiles
        rows.column = columns.lowerBound
        rows.panel = UnsafeMutablePointer(mutating: tiles.b)
        multiplyRows(tiles, rows)
        if tiles.count == 1 { return }
        tiles.next(rows: mr)
        if rows.asksAhead && columns.upperBound < n {
            tiles.ahead = rows.rows
            tiles.aheadColumn = columns.upperBound
        }
        multiply(tiles)
    }
}
