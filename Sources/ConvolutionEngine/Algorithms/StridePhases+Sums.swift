// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A chunk of the sums, with panels that are there or made on the way.
extension StridePhases {
    /// Channels of the sum, their columns, and where it goes.
    struct Chunk {
        let channels: Range<Int>
        /// Panels of B.
        let b: UnsafeMutablePointer<Scalar>
        /// Where the rows of B lie, if its panels are yet to be made of them.
        let sources: ColumnRows<Scalar>?
        let pixels: Int
        /// C of the first phase, whose row 0 is output channel `firstRow`.
        let c: UnsafeMutablePointer<Scalar>
        let firstRow: Int
        let bias: UnsafePointer<Scalar>
        /// Where the outputs go two residues at a time, once this chunk is added.
        let zips: ZippedOutput?
    }

    /// Panels of a chunk's weights, those of a phase together, or those of some output channels.
    struct ChunkPanels {
        let first: UnsafePointer<Scalar>
        /// Panels from one phase to the next, and elements from one panel to the next; nil: they follow each other.
        let perPhase: Int
        let panelStride: Int?
        /// The output channel of the first row.
        let firstRow: Int
    }

    /// All phases of a chunk, with panels `[panel][phase][channel][tap]` that are made on the way.
    func multiplyLate(
        _ chunk: Chunk, _ rows: Range<Int>, _ weights: UnsafePointer<Scalar>, _ order: [[Int]],
        to panels: UnsafeMutablePointer<Scalar>
    ) {
        let taps = geometry.kernel.count, m = geometry.outputChannelsPerGroup
        let channels = chunk.channels.count
        var packing = PhasePanels(order, channels: channels, perPhase: 1, kernels)
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: lateRows) {
            let some = first..<min(rows.upperBound, first + lateRows)
            let from = weights + (chunk.channels.lowerBound * m + first) * taps
            let whole = some.count / kernels.mr * kernels.mr
            packing.pack(from, m: m, rows: whole, to: panels)
            packing.pack(
                from + whole * taps, m: m, rows: some.count - whole,
                to: panels + whole * channels * taps)
            multiply(
                chunk, some,
                ChunkPanels(
                    first: panels, perPhase: 1, panelStride: channels * taps * kernels.mr,
                    firstRow: first))
        }
    }

    /// All phases of a chunk for some output channels.
    func multiply(_ chunk: Chunk, _ rows: Range<Int>, _ panels: ChunkPanels) {
        let isFirst = chunk.channels.lowerBound == 0
        let products = products(chunk, rows, panels)
        guard let zips = chunk.zips else {
            for i in order where isFirst || products[i].depth > 0 {
                multiply(products[i], chunk, rows.count)
            }
            return
        }
        for i in stride(from: 0, to: order.count, by: 2) {
            multiply(
                products[order[i]], products[order[i + 1]], chunk, rows, zips,
                secondIsOdd: order[i + 1] % 2 == 1)
        }
    }

    /// One phase of one chunk. A, C and the bias begin at the first of the rows.
    private struct Product {
        let phase: StridePhase
        let index: Int
        let depth: Int
        let a: UnsafePointer<Scalar>
        let aStride: Int
        let c: UnsafeMutablePointer<Scalar>
        let start: UnsafePointer<Scalar>?
        let accumulate: Bool
        /// Whether it makes the panels of B.
        let makesPanels: Bool
    }

    private func products(
        _ chunk: Chunk, _ rows: Range<Int>, _ panels: ChunkPanels
    ) -> [Product] {
        let isFirst = chunk.channels.lowerBound == 0, first = rows.lowerBound
        var a = panels.first
        return phases.enumerated().map { i, phase in
            let depth = chunk.channels.count * phase.taps.count
            let aStride = panels.panelStride ?? depth * kernels.mr
            let start = isFirst && (geometry.hasBias || !phase.taps.isEmpty) ? chunk.bias : nil
            // Sums that go out as soon as they are there need no memory for more than two phases.
            let place = isFirst && chunk.zips != nil ? i % 2 : i
            defer { a += depth * panels.perPhase * kernels.mr }
            return Product(
                phase: phase, index: i, depth: depth,
                a: a + (first - panels.firstRow) / kernels.mr * aStride, aStride: aStride,
                c: chunk.c + place * phasePitch + (first - chunk.firstRow) * ldc,
                start: start.map { $0 + first }, accumulate: !isFirst,
                makesPanels: chunk.sources != nil && i == fullPhase && first == chunk.firstRow)
        }
    }

    /// Rows of C whose panels of A pass by a panel of B.
    private func atATime(_ product: Product) -> Int {
        product.aStride == product.depth * kernels.mr ? blocks.mc : kernels.mr
    }

    /// A panel of B stays in L1 while panels of A pass by, from L2.
    private func multiply(_ product: Product, _ chunk: Chunk, _ rows: Int) {
        let panels = ColumnPanels(chunk.pixels, kernels: kernels), atATime = atATime(product)
        product.phase.offsets.withUnsafeBufferPointer { offsets in
            for m0 in stride(from: 0, to: rows, by: atATime) {
                let some = m0..<min(rows, m0 + atATime)
                for panel in 0..<panels.count {
                    let tiles = tiles(product, some, offsets, chunk, panel, panels[panel])
                    multiply(tiles, product, chunk, m0, panels[panel])
                }
            }
        }
    }

    /// The same for the two phases of a row: tiles of the second send out both.
    private func multiply(
        _ first: Product, _ second: Product, _ chunk: Chunk, _ rows: Range<Int>,
        _ zips: ZippedOutput, secondIsOdd: Bool
    ) {
        let panels = ColumnPanels(chunk.pixels, kernels: kernels)
        let atATime = min(atATime(first), atATime(second)), output = zips.row(rows.lowerBound)
        first.phase.offsets.withUnsafeBufferPointer { firsts in
            second.phase.offsets.withUnsafeBufferPointer { seconds in
                for m0 in stride(from: 0, to: rows.count, by: atATime) {
                    let some = m0..<min(rows.count, m0 + atATime)
                    for panel in 0..<panels.count {
                        let columns = panels[panel]
                        let tiles1 = tiles(first, some, firsts, chunk, panel, columns)
                        multiply(tiles1, first, chunk, m0, columns)
                        zips.withPlaces(first.index / 2, panel) { places, isWhole in
                            kernels.slideZipped(
                                ZippedOperands(
                                    sums: tiles(second, some, seconds, chunk, panel, columns),
                                    isOdd: secondIsOdd, others: tiles1.c, rows: some.count,
                                    output: output + m0 * zips.pitch, outputPitch: zips.pitch,
                                    places: places, isWhole: isWhole))
                        }
                    }
                }
            }
        }
    }

    /// Tiles below each other: some rows of a product, and the columns of a panel.
    @inline(__always)
    private func tiles(
        _ product: Product, _ rows: Range<Int>, _ offsets: UnsafeBufferPointer<Int32>,
        _ chunk: Chunk, _ panel: Int, _ columns: Range<Int>
    ) -> SlideOperands<Scalar> {
        let mr = kernels.mr, m0 = rows.lowerBound
        return SlideOperands(
            rows: mr, count: (rows.count + mr - 1) / mr, depth: product.depth,
            a: product.a + m0 / mr * product.aStride, b: chunk.b + panel * panelStride,
            offsets: offsets.baseAddress!, c: product.c + m0 * ldc + columns.lowerBound, ldc: ldc,
            vectors: (columns.count + kernels.lanes - 1) / kernels.lanes,
            bias: product.start.map { $0 + m0 }, accumulate: product.accumulate)
    }

    /// Tiles into C, the first of which may make the panel.
    @inline(__always)
    private func multiply(
        _ o: SlideOperands<Scalar>, _ product: Product, _ chunk: Chunk, _ row: Int,
        _ columns: Range<Int>
    ) {
        if product.index != fullPhase { return kernels.slide(o) }
        kernels.multiply(
            TileOperands(
                count: o.count, depth: o.depth, a: o.a, b: o.b, c: o.c, ldc: o.ldc,
                vectors: o.vectors, bias: o.bias, accumulate: o.accumulate),
            makingPanelOf: product.makesPanels && row == 0 ? chunk.sources : nil,
            columns: columns, of: chunk.pixels)
    }
}
