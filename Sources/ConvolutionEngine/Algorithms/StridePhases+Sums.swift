// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A chunk of the sums, with panels that are there or made on the way.
extension StridePhases {
    /// Channels of the sum, their columns, and where it goes.
    struct Chunk {
        let channels: Range<Int>
        let b: UnsafePointer<Scalar>
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
        var a = panels.first
        var even: Product?
        for (i, phase) in phases.enumerated() {
            let depth = chunk.channels.count * phase.taps.count
            let aStride = panels.panelStride ?? depth * kernels.mr
            let start = geometry.hasBias || !phase.taps.isEmpty ? chunk.bias : nil
            // Sums that go out as soon as they are there need no memory for more than two phases.
            let place = isFirst && chunk.zips != nil ? i % 2 : i
            let product = Product(
                phase: phase, depth: depth,
                a: a + (rows.lowerBound - panels.firstRow) / kernels.mr * aStride,
                aStride: aStride,
                c: chunk.c + place * phasePitch + (rows.lowerBound - chunk.firstRow) * ldc,
                start: isFirst ? start.map { $0 + rows.lowerBound } : nil, accumulate: !isFirst)
            a += depth * panels.perPhase * kernels.mr
            if let zips = chunk.zips {
                if i % 2 == 1 { multiply(even!, product, chunk, rows, zips, pair: i / 2) }
                even = product
            } else if isFirst || !phase.taps.isEmpty {
                multiply(product, chunk, rows.count)
            }
        }
    }

    /// One phase of one chunk. A, C and the bias begin at the first of the rows.
    struct Product {
        let phase: StridePhase
        let depth: Int
        let a: UnsafePointer<Scalar>
        let aStride: Int
        let c: UnsafeMutablePointer<Scalar>
        let start: UnsafePointer<Scalar>?
        let accumulate: Bool
    }

    /// Panels of A that pass by a panel of B.
    private func atATime(_ product: Product) -> Int {
        product.aStride == product.depth * kernels.mr ? blocks.mc : kernels.mr
    }

    /// A panel of B stays in L1 while panels of A pass by, from L2.
    private func multiply(_ product: Product, _ chunk: Chunk, _ rows: Int) {
        let panels = ColumnPanels(chunk.pixels, kernels: kernels)
        let atATime = atATime(product)
        product.phase.offsets.withUnsafeBufferPointer { offsets in
            for m0 in stride(from: 0, to: rows, by: atATime) {
                let some = m0..<min(rows, m0 + atATime)
                for panel in 0..<panels.count {
                    let tiles = tiles(product, some, offsets, chunk, panel, panels[panel])
                    multiply(tiles)
                }
            }
        }
    }

    /// The same for the two phases of a row, the last one of whose tiles send out both.
    private func multiply(
        _ even: Product, _ odd: Product, _ chunk: Chunk, _ rows: Range<Int>, _ zips: ZippedOutput,
        pair: Int
    ) {
        let panels = ColumnPanels(chunk.pixels, kernels: kernels)
        let atATime = min(atATime(even), atATime(odd)), output = zips.row(rows.lowerBound)
        even.phase.offsets.withUnsafeBufferPointer { evens in
            odd.phase.offsets.withUnsafeBufferPointer { odds in
                for m0 in stride(from: 0, to: rows.count, by: atATime) {
                    let some = m0..<min(rows.count, m0 + atATime)
                    for panel in 0..<panels.count {
                        let columns = panels[panel]
                        let first = tiles(even, some, evens, chunk, panel, columns)
                        multiply(first)
                        zips.withPlaces(pair, panel) { places, isWhole in
                            kernels.slideZipped(
                                ZippedOperands(
                                    odd: tiles(odd, some, odds, chunk, panel, columns),
                                    even: first.c, rows: some.count,
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

    @inline(__always)
    private func multiply(_ o: SlideOperands<Scalar>) {
        guard isWhole else { return kernels.slide(o) }
        kernels.multiply(
            TileOperands(
                count: o.count, depth: o.depth, a: o.a, b: o.b, c: o.c, ldc: o.ldc,
                vectors: o.vectors, bias: o.bias, accumulate: o.accumulate))
    }
}
