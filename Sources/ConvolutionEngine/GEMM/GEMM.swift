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
    /// Elements from one panel of B to the next.
    var panelStrideB: Int
    /// Length of the chunk.
    var kc: Int
    /// Columns.
    var n: Int
    /// Row 0, column 0 of C.
    var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    var ldc: Int
    /// Where the sums start, one a row: nil: at what C holds.
    var start: UnsafePointer<Scalar>?
    /// Memory for a ragged tile: mr·nr elements.
    var edge: UnsafeMutablePointer<Scalar>

    /// C <- A·B + start: a panel of B stays in L1 while the panels of A pass by, from L2.
    func multiply(_ kernels: GEMMKernels<Scalar>, mc: Int) {
        let panels = ColumnPanels(n, kernels: kernels)
        // loop 3
        for m0 in stride(from: rows.lowerBound, to: rows.upperBound, by: mc) {
            let m1 = min(rows.upperBound, m0 + mc)
            // loop 2
            for panel in 0..<panels.count {
                // loop 1
                for i in stride(from: m0, to: m1, by: kernels.mr) {
                    tile(kernels, i: i, panel: panel, columns: panels[panel])
                }
            }
        }
    }
}

extension GEMMBlock {
    /// One register tile: straight into C where it is whole, by way of `edge` where it is not.
    @inline(__always)
    private func tile(_ kernels: GEMMKernels<Scalar>, i: Int, panel: Int, columns: Range<Int>) {
        let j = columns.lowerBound, columns = columns.count
        let tileRows = min(kernels.mr, rows.upperBound - i)
        let vectors = (columns + kernels.lanes - 1) / kernels.lanes
        let whole = tileRows == kernels.mr && columns == vectors * kernels.lanes
        let to = c + i * ldc + j
        kernels.multiply(
            TileOperands(
                depth: kc, a: a + (isUnpacked ? i : i / kernels.mr) * panelStrideA,
                lda: isUnpacked ? panelStrideA : 0, b: b + panel * panelStrideB,
                c: whole ? to : edge, ldc: whole ? ldc : kernels.nr, vectors: vectors,
                bias: start.map { $0 + i }, accumulate: whole && start == nil))
        if whole { return }
        for r in 0..<tileRows {
            let row = to + r * ldc
            let from = edge + r * kernels.nr
            if start == nil {
                for q in 0..<columns { row[q] += from[q] }
            } else {
                for q in 0..<columns { row[q] = from[q] }
            }
        }
    }
}
