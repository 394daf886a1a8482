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
        for (i, phase) in phases.enumerated() {
            let depth = chunk.channels.count * phase.taps.count
            if isFirst || !phase.taps.isEmpty {
                let aStride = panels.panelStride ?? depth * kernels.mr
                let start = geometry.hasBias || !phase.taps.isEmpty ? chunk.bias : nil
                multiply(
                    phase, depth: depth, rows: rows.count,
                    a: a + (rows.lowerBound - panels.firstRow) / kernels.mr * aStride,
                    aStride: aStride, b: chunk.b, pixels: chunk.pixels,
                    c: chunk.c + i * phasePitch + (rows.lowerBound - chunk.firstRow) * ldc,
                    start: isFirst ? start.map { $0 + rows.lowerBound } : nil, accumulate: !isFirst)
            }
            a += depth * panels.perPhase * kernels.mr
        }
    }

    /// One phase of one chunk: a panel of B stays in L1 while panels of A pass by, from L2. A, C and the bias begin at
    /// the first of the rows.
    private func multiply(
        _ phase: StridePhase, depth: Int, rows: Int, a: UnsafePointer<Scalar>, aStride: Int,
        b: UnsafePointer<Scalar>, pixels: Int, c: UnsafeMutablePointer<Scalar>,
        start: UnsafePointer<Scalar>?, accumulate: Bool
    ) {
        let mr = kernels.mr, atATime = aStride == depth * mr ? blocks.mc : mr
        let panels = ColumnPanels(pixels, kernels: kernels)
        let kernels = kernels, ldc = ldc, panelStride = panelStride
        phase.offsets.withUnsafeBufferPointer { offsets in
            for m0 in stride(from: 0, to: rows, by: atATime) {
                let count = (min(rows - m0, atATime) + mr - 1) / mr
                let a = a + m0 / mr * aStride
                for panel in 0..<panels.count {
                    let columns = panels[panel], j = columns.lowerBound
                    let vectors = (columns.count + kernels.lanes - 1) / kernels.lanes
                    if isWhole {
                        kernels.multiply(
                            TileOperands(
                                count: count, depth: depth, a: a,
                                b: b + panel * panelStride, c: c + m0 * ldc + j, ldc: ldc,
                                vectors: vectors, bias: start.map { $0 + m0 },
                                accumulate: accumulate))
                        continue
                    }
                    kernels.slide(
                        SlideOperands(
                            rows: mr, count: count, depth: depth, a: a,
                            b: b + panel * panelStride, offsets: offsets.baseAddress!,
                            c: c + m0 * ldc + j, ldc: ldc, vectors: vectors,
                            bias: start.map { $0 + m0 }, accumulate: accumulate))
                }
            }
        }
    }
}
