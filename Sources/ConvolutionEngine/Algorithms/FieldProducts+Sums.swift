// SPDX-License-Identifier: Apache-2.0

import KernelInterface

extension FieldProducts {
    /// Over the cores: segments x groups x parts of the rows and columns of C. Writes all of the gradient.
    ///
    /// - Parameter operands: `rows` `[N, groups·rows, P]`, `field` `[N, groups·channels, *S]`
    func run(_ operands: GradientOperands<Scalar>) {
        let sums = isDirect ? operands.gradient : operands.scratch + threads * workerElements
        let memory = Memory(
            field: isSwapped ? operands.rows : operands.field,
            rows: isSwapped ? operands.field : operands.rows, sums: sums,
            gradient: operands.gradient, scratch: operands.scratch)
        let perGroup = rowParts * columnParts
        ParallelTiles.run(segments * shape.groups * perGroup, threads: threads) { task, worker in
            let segment = task / perGroup / shape.groups
            sum(
                Part(
                    group: task / perGroup % shape.groups, segment: segment,
                    chunks: cut(bands.count, segment, of: segments),
                    panels: cut(panelCount, task % columnParts, of: columnParts),
                    blocks: cut(blockCount, task % perGroup / columnParts, of: rowParts)),
                memory, memory.scratch + worker * workerElements)
        }
        if !isDirect { finish(memory) }
    }

    private var panelCount: Int { ColumnPanels(columns, kernels: kernels).count }
    private var blockCount: Int { (channels + channelsAtATime - 1) / channelsAtATime }

    private func cut(_ count: Int, _ part: Int, of parts: Int) -> Range<Int> {
        count * part / parts..<count * (part + 1) / parts
    }

    private struct Memory: @unchecked Sendable {
        let field, rows: UnsafePointer<Scalar>
        let sums, gradient, scratch: UnsafeMutablePointer<Scalar>
    }

    /// What a task computes.
    private struct Part {
        let group, segment: Int
        let chunks, panels, blocks: Range<Int>
    }

    private func sum(_ part: Part, _ memory: Memory, _ b: UnsafeMutablePointer<Scalar>) {
        let panels = ColumnPanels(columns, kernels: kernels), planes = b + panelElements + 32
        // Lanes behind the last column are nobody's, but have to be numbers that are no trouble.
        b.initialize(repeating: .zero, count: part.panels.count * panelStride)
        for index in part.chunks {
            let chunk = bands[index]
            packRows(part, chunk, panels, memory, to: b)
            for block in part.blocks {
                let first = block * channelsAtATime
                let some = first..<min(channels, first + channelsAtATime)
                fill(part, chunk, some, memory, planes)
                let c =
                    memory.sums + part.segment * total
                    + (part.group * paddedRows + first * taps) * ldc
                for panel in part.panels {
                    let columns = panels[panel]
                    var operands = windows(part, chunk, first, memory, planes)
                    operands.b = UnsafePointer(b + (panel - part.panels.lowerBound) * panelStride)
                    operands.count = (some.count * taps + kernels.mr - 1) / kernels.mr
                    operands.c = c + columns.lowerBound
                    operands.vectors = (columns.count + kernels.lanes - 1) / kernels.lanes
                    operands.accumulate = index > part.chunks.lowerBound
                    let isLast = some.upperBound == channels
                    (isLast ? lastOffsets : offsets).withUnsafeBufferPointer {
                        operands.offsets = $0.baseAddress!
                        kernels.sumWindows(operands)
                    }
                }
            }
        }
    }

    /// The rows of a chunk as panels of B `[image][pixel][nr]`.
    private func packRows(
        _ part: Part, _ chunk: FieldBands.Chunk, _ panels: ColumnPanels, _ memory: Memory,
        to b: UnsafeMutablePointer<Scalar>
    ) {
        let size = shape.grid.size, positions = shape.positions
        let isFlat = shape.grid.isIdentity
        let start =
            (isFlat ? 0 : (chunk.z * size.height + chunk.y.lowerBound) * size.width)
            + chunk.x.lowerBound
        let pixels = chunk.y.count * chunk.x.count
        for (i, image) in chunk.images.enumerated() {
            let rows =
                memory.rows + (image * shape.groups + part.group) * columns * positions + start
            for panel in part.panels {
                let some = panels[panel]
                kernels.packRows(
                    WeightPanel(
                        weights: rows + some.lowerBound * positions, rowStride: positions,
                        rows: some.count, depth: pixels,
                        panel: b + (panel - part.panels.lowerBound) * panelStride
                            + i * pixels * kernels.nr))
            }
        }
    }

    /// Padded copies of some channels, if there are any: `[image][channel][plane]`.
    private func fill(
        _ part: Part, _ chunk: FieldBands.Chunk, _ some: Range<Int>, _ memory: Memory,
        _ planes: UnsafeMutablePointer<Scalar>
    ) {
        guard let layout, let packer else { return }
        let band = PixelBlock.Band(z: chunk.z, y: chunk.y, x: chunk.x)
        let block = PixelBlock(bands: layout.oneRowBands ? band.split : [band])
        let size = shape.grid.inputSize.count
        for (i, image) in chunk.images.enumerated() {
            let first = (image * shape.groups + part.group) * channels
            for channel in some {
                packer.fill(
                    memory.field + (first + channel) * size, layout, block,
                    planes + (i * channelsAtATime + channel - some.lowerBound) * channelPitch)
            }
        }
    }

    /// The windows of a chunk, from a channel on.
    private func windows(
        _ part: Part, _ chunk: FieldBands.Chunk, _ first: Int, _ memory: Memory,
        _ planes: UnsafeMutablePointer<Scalar>
    ) -> WindowOperands<Scalar> {
        let grid = shape.grid, size = grid.inputSize
        var field = UnsafePointer(planes)
        var imagePitch = channelsAtATime * channelPitch, rowPitch = 0
        if let layout {
            rowPitch =
                layout.oneRowBands ? layout.bandPitch : grid.stride.height * layout.rowPitch
        } else {
            imagePitch = shape.groups * channels * size.count
            rowPitch = grid.stride.height * size.width
            let group = chunk.images.lowerBound * shape.groups + part.group
            let row =
                chunk.z * grid.stride.depth * size.height + chunk.y.lowerBound * grid.stride.height
            field =
                memory.field + (group * channels + first) * size.count + row * size.width
                + chunk.x.lowerBound * grid.stride.width
        }
        return WindowOperands(
            count: 0, field: field, offsets: UnsafePointer(bitPattern: 4)!,
            images: chunk.images.count, imagePitch: imagePitch, height: chunk.y.count,
            rowPitch: rowPitch, width: chunk.x.count,
            step: layout == nil ? grid.stride.width : 1, b: field, c: memory.sums, ldc: ldc,
            vectors: 0, accumulate: false)
    }

    /// Rows of C as columns of the gradient: whole squares, then what is left.
    private func turnBack(
        _ c: UnsafePointer<Scalar>, _ some: Range<Int>, _ gradient: UnsafeMutablePointer<Scalar>
    ) {
        let whole = some.count / kernels.mr * kernels.mr
        if whole > 0 {
            var square = WeightPanel(
                weights: c, rowStride: ldc, rows: whole, depth: columns,
                panel: gradient + some.lowerBound)
            square.pitch = rows
            kernels.packWeights(square)
        }
        for row in some.lowerBound + whole..<max(some.upperBound, some.lowerBound + whole) {
            let from = c + (row - some.lowerBound) * ldc
            for column in 0..<columns { gradient[column * rows + row] = from[column] }
        }
    }

    /// The segments' sums, added in order, to where they belong: sixteen rows of C at a time.
    private func finish(_ memory: Memory) {
        let perGroup = (rows + 15) / 16
        let some = segments * total < 32_768 ? 1 : threads
        ParallelTiles.run(shape.groups * perGroup, threads: some) { task, _ in
            let group = task / perGroup, first = task % perGroup * 16
            let last = min(rows, first + 16)
            let c = memory.sums + (group * paddedRows + first) * ldc
            for segment in 1..<max(1, segments) {
                let addends = c + segment * total
                for i in 0..<(last - first) * ldc { c[i] += addends[i] }
            }
            let gradient = memory.gradient + group * rows * columns
            if isSwapped {
                for row in first..<last {
                    (gradient + row * columns).update(from: c + (row - first) * ldc, count: columns)
                }
                return
            }
            turnBack(c, first..<last, gradient)
        }
    }
}
