// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The gradient of a convolution's weight, as a matrix product over the pixels of all images.
///
/// Goals, in order: the right answer for every geometry; the same bits for any number of threads; the
/// product's speed where there are enough channels for it (``TapProducts`` has the others).
///
///     dW[o, (c, t)] = Σ_n Σ_p  rows[n, o, p] · field[n, c, p·stride + tap t]
///
/// The rows are the output's gradient and the field the input; for a transposed convolution the rows
/// are the input and the field the output's gradient. Columns of the field are packed as for a
/// convolution (``ColumnPacker``), a chunk of pixels and a panel of columns at a time, and turned:
///
///     C[o, (c, t)] += A[o, p] · B[p, (c, t)]
///
/// The sums run over the chunks in their order (``PixelChunks``), whatever core computes them. A small
/// gradient of many pixels is summed in segments side by side, as many as the shapes say, and their sums
/// are added in order.
///
/// *Error*: sums of at most 256 products between two roundings to C.
struct WeightGradient<Scalar: TensorScalar>: Sendable {
    let shape: GradientShape
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    private let packer: ColumnPacker<Scalar>
    private let chunks: PixelChunks
    /// Parts of the chunks that are summed on their own.
    private let segments: Int
    /// Parts of the columns and of the rows that a task computes.
    private let columnParts: Int
    private let rowParts: Int

    init(_ shape: GradientShape, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.shape = shape
        self.kernels = kernels
        self.threads = threads
        chunks = PixelChunks(
            pixels: shape.positions, images: shape.images,
            most: BlockSizes.fitting(kernels.nr * MemoryLayout<Scalar>.stride),
            unit: kernels.nr)
        packer = ColumnPacker(shape.grid, mostPixels: chunks.mostPixels, kernels: kernels)
        let panels = (shape.columns + kernels.nr - 1) / kernels.nr
        let small = shape.groups * shape.rows * shape.columns <= 65_536
        segments = small && shape.groups * panels < 16 ? max(1, min(8, chunks.count / 2)) : 1
        let wanted = (4 * threads + shape.groups * segments - 1) / (shape.groups * segments)
        columnParts = max(1, min(panels, wanted))
        let rowsWanted = (wanted + columnParts - 1) / columnParts
        rowParts = threads > 1 ? max(1, min(rowsWanted, shape.rows / 64)) : 1
    }

    /// Rows of a task, to whole panels.
    private var mostRows: Int {
        (shape.rows + rowParts * kernels.mr - 1) / (rowParts * kernels.mr) * kernels.mr
    }
    /// Elements from one panel of columns to the next: what a row writes too much is less than a row.
    private var panelStride: Int { (kernels.nr + 1) * kernels.nr }
    /// Elements of the gradient.
    private var total: Int { shape.groups * shape.rows * shape.columns }

    /// Where the pieces of a worker's memory begin.
    private struct Places {
        let a, b, columns, plane, edge, zeros: Int
        let count: Int
    }

    private var places: Places {
        var end = 0
        func place(_ count: Int) -> Int {
            defer { end += (count + 79) / 16 * 16 }
            return end
        }
        let depth = chunks.mostDepth, nr = kernels.nr
        let columns = (chunks.mostPixels + nr - 1) / nr * panelStride
        return Places(
            a: place(mostRows * depth), b: place(nr * depth), columns: place(columns),
            plane: place(packer.planeElements + 32), edge: place(kernels.mr * nr),
            zeros: place(mostRows), count: end)
    }

    var scratchByteCount: Int {
        let partial = segments > 1 ? segments * total : 0
        return (threads * places.count + partial) * MemoryLayout<Scalar>.stride
    }

    /// Over the cores: segments x groups x parts of the columns and rows. Writes all of `gradient`.
    ///
    /// - Parameter operands: `rows` `[N, groups·rows, P]`, `field` `[N, groups·channels, *S]`
    func run(_ operands: GradientOperands<Scalar>) {
        let perGroup = columnParts * rowParts, places = places
        let partialStart = threads * places.count
        ParallelTiles.run(segments * shape.groups * perGroup, threads: threads) { task, worker in
            let group = task / perGroup % shape.groups
            let segment = task / perGroup / shape.groups
            let part = Part(
                group: group,
                columns: cut(shape.columns, task % columnParts, of: columnParts, unit: kernels.nr),
                rows: cut(
                    shape.rows, task % perGroup / columnParts, of: rowParts, unit: kernels.mr),
                chunks: chunks.count * segment / segments..<chunks.count * (segment + 1) / segments,
                c: (segments > 1
                    ? operands.scratch + partialStart + segment * total : operands.gradient)
                    + group * shape.rows * shape.columns)
            sum(part, operands, places, operands.scratch + worker * places.count)
        }
        guard segments > 1 else { return }
        let partial = operands.scratch + partialStart
        for i in 0..<total {
            var sum = partial[i]
            for segment in 1..<segments { sum += partial[segment * total + i] }
            operands.gradient[i] = sum
        }
    }

    /// What a task computes, and the group's gradient that it belongs to.
    private struct Part {
        let group: Int
        let columns, rows, chunks: Range<Int>
        let c: UnsafeMutablePointer<Scalar>
    }

    /// A part of `count` in whole units, shared out evenly.
    private func cut(_ count: Int, _ part: Int, of parts: Int, unit: Int) -> Range<Int> {
        let units = (count + unit - 1) / unit
        return units * part / parts * unit..<min(count, units * (part + 1) / parts * unit)
    }

    private func sum(
        _ part: Part, _ operands: GradientOperands<Scalar>, _ places: Places,
        _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        guard !part.rows.isEmpty else { return }
        (scratch + places.zeros).initialize(repeating: 0, count: mostRows)
        var pixels = 0..<0
        var table = packer.table(0..<0, panelStride: panelStride)
        for index in part.chunks {
            let chunk = chunks[index]
            if pixels != chunk.pixels {
                pixels = chunk.pixels
                table = packer.table(pixels, panelStride: panelStride)
            }
            let depth = chunk.images.count * pixels.count
            packRows(part, chunk, operands, to: scratch + places.a)
            for first in stride(
                from: part.columns.lowerBound, to: part.columns.upperBound, by: kernels.nr)
            {
                let columns = first..<min(part.columns.upperBound, first + kernels.nr)
                packColumns(columns, part, chunk, table, operands, places, scratch)
                GEMMBlock(
                    rows: 0..<part.rows.count, a: scratch + places.a,
                    panelStrideA: depth * kernels.mr, b: scratch + places.b, panelStrideB: 0,
                    kc: depth, n: columns.count,
                    c: part.c + part.rows.lowerBound * shape.columns + first, ldc: shape.columns,
                    start: index == part.chunks.lowerBound ? scratch + places.zeros : nil,
                    edge: scratch + places.edge
                ).multiply(kernels, mc: mostRows)
            }
        }
    }

    /// The part's rows of every image of a chunk as panels of A `[row / mr][image][pixel][mr]`.
    private func packRows(
        _ part: Part, _ chunk: PixelChunks.Chunk, _ operands: GradientOperands<Scalar>,
        to a: UnsafeMutablePointer<Scalar>
    ) {
        let depth = chunk.images.count * chunk.pixels.count
        for (i, image) in chunk.images.enumerated() {
            let group = image * shape.groups + part.group, mr = kernels.mr
            let rows =
                operands.rows + group * shape.rows * shape.positions + chunk.pixels.lowerBound
            for row in stride(from: part.rows.lowerBound, to: part.rows.upperBound, by: mr) {
                let panel = a + (row - part.rows.lowerBound) * depth
                kernels.packWeights(
                    WeightPanel(
                        weights: rows + row * shape.positions, rowStride: shape.positions,
                        rows: min(mr, part.rows.upperBound - row), depth: chunk.pixels.count,
                        panel: panel + i * chunk.pixels.count * mr))
            }
        }
    }

    /// Columns of every image of a chunk as one panel of B `[image][pixel][nr]`, by way of their rows.
    private func packColumns(
        _ columns: Range<Int>, _ part: Part, _ chunk: PixelChunks.Chunk,
        _ table: ColumnPacker<Scalar>.Table, _ operands: GradientOperands<Scalar>,
        _ places: Places, _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let nr = kernels.nr, rows = scratch + places.columns
        let channels = shape.channels * shape.grid.inputSize.count
        for (i, image) in chunk.images.enumerated() {
            packer.pack(
                columns, table: table,
                input: operands.field + (image * shape.groups + part.group) * channels,
                plane: scratch + places.plane + 32, panels: rows)
            let b = scratch + places.b + i * chunk.pixels.count * nr
            for panel in 0..<table.panels.count {
                let pixels = table.panels[panel]
                kernels.packRows(
                    WeightPanel(
                        weights: rows + panel * panelStride, rowStride: nr, rows: columns.count,
                        depth: pixels.count, panel: b + pixels.lowerBound * nr))
            }
        }
    }
}
