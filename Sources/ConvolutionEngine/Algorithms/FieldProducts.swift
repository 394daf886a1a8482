// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The gradient of a convolution's weight with the windows of the field where they lie.
///
/// Goals, in order: the same bits for any number of threads; nothing packed but the rows, of which there are
/// as many as output channels: ``WeightGradient`` packs a column for each channel and tap.
///
///     dW[o, (c, t)] = Σ_n Σ_p  field[n, c, p·stride + tap t] · rows[n, o, p]
///
/// is computed turned, so that the field's values are those that a tile spreads over vectors, which may come from
/// any address, and the rows are the panels of B, turned once a chunk (``FieldBands``):
///
///     C[(c, t), o] += A[(c, t), p] · B[p, o],   A[(c, t), p] = field[c, p·stride + tap t]
///
/// The field is read as it came where no window looks outside, else from padded copies (``PlaneLayout``). The sums are
/// turned back at the end. Of kernels of one tap that look at every element, rows and field may change
/// places (`isSwapped`): then it is C[o, c] that is computed.
///
/// The sums run over the chunks in their order, whatever core computes them. Small gradients of many positions are
/// summed in segments side by side, as many as the shapes say, and their sums are added in order.
///
/// *Error*: sums of at most 160 products between two roundings to C.
struct FieldProducts<Scalar: TensorScalar>: Sendable {
    let shape: GradientShape
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    private let bands: FieldBands
    /// Padded copies; nil: the field is read where it lies.
    private let layout: PlaneLayout?
    private let packer: ColumnPacker<Scalar>?
    private let isSwapped: Bool
    /// Channels of a group's field, rows of C for each, and columns of C.
    private let channels, taps, columns: Int
    /// Where the windows of some channels' taps begin, up to whole tiles.
    private let offsets: [Int32]
    private let channelsAtATime: Int
    /// Elements from one channel of the field, or of the copies, to the next.
    private let channelPitch: Int
    private let segments, rowParts, columnParts: Int

    /// Nil where ``WeightGradient`` is better, or windows stand too far apart.
    init?(_ shape: GradientShape, kernels: GEMMKernels<Scalar>, threads: Int) {
        let grid = shape.grid, mr = kernels.mr
        self.shape = shape
        self.kernels = kernels
        self.threads = threads
        guard let swaps = Self.swaps(shape, kernels) else { return nil }
        isSwapped = swaps
        channels = swaps ? shape.rows : shape.channels
        columns = swaps ? shape.channels : shape.rows
        taps = grid.taps.count
        let flat = SpatialTriple(depth: 1, height: 1, width: shape.positions)
        let most = min(160, 24 * 1024 / (kernels.nr * MemoryLayout<Scalar>.stride))
        bands = FieldBands(grid.isIdentity ? flat : grid.size, images: shape.images, most: most)

        let (images, height, width) = bands.most
        var offsetsOfTaps: [Int32]
        if grid.looksInside {
            (layout, packer) = (nil, nil)
            let size = grid.inputSize
            channelPitch = size.count
            guard size.count <= 1 << 24 else { return nil }
            offsetsOfTaps = grid.taps.map {
                Int32(($0.depth * size.height + $0.height) * size.width + $0.width)
            }
        } else {
            let layout = PlaneLayout(
                grid, mostPixels: height * width, wholeRows: bands.hasWholeRows)
            guard let layout, layout.count <= 1 << 17 else { return nil }
            self.layout = layout
            packer = ColumnPacker(grid, layout: layout, kernels: kernels)
            channelPitch = (layout.count + 4 * kernels.lanes + 15) / 16 * 16
            offsetsOfTaps = layout.tapOffsets
        }

        let panels = ColumnPanels(columns, kernels: kernels).count
        let padded = (channels * taps + mr - 1) / mr * mr * Self.pitch(columns, kernels)
        let small = shape.groups * padded <= 65_536 && shape.groups * panels < 16
        segments = small ? max(1, min(8, bands.count / 2)) : 1
        let tasks = shape.groups * segments, wanted = (4 * threads + tasks - 1) / tasks
        columnParts = threads > 1 ? max(1, min(panels, wanted)) : 1
        // Blocks of channels are whole tiles; copies of one take 128 KB.
        let rowsWanted = threads > 1 ? (wanted + columnParts - 1) / columnParts : 1
        let fitting = layout == nil ? 128 : 32_768 / (images * channelPitch)
        let share = (channels + rowsWanted - 1) / rowsWanted
        channelsAtATime = max(mr, min(fitting, share + mr - 1) / mr * mr)
        rowParts = min(rowsWanted, (channels + channelsAtATime - 1) / channelsAtATime)
        let block = min(channels, channelsAtATime), pitch = channelPitch
        var offsets = (0..<block).flatMap { channel in
            offsetsOfTaps.map { Int32(channel * pitch) + $0 }
        }
        while offsets.count % mr > 0 { offsets.append(offsets[0]) }
        offsets += offsets.prefix(mr)
        self.offsets = offsets
    }

    /// Whether rows and field change places; nil where ``WeightGradient`` is faster. In units of the products'
    /// time: turning an element of B takes as long as sixteen multiply-adds a lane, one of C twice as long.
    private static func swaps(_ shape: GradientShape, _ kernels: GEMMKernels<Scalar>) -> Bool? {
        func filled(_ count: Int, _ unit: Int) -> Double {
            Double((count + unit - 1) / unit * unit) / Double(count)
        }
        let depth = Double(shape.positions * shape.images)
        let rows = Double(shape.rows), columns = Double(shape.columns)
        let plain = filled(shape.rows, kernels.lanes) + 16 / columns + 32 / depth
        let packed =
            filled(shape.rows, kernels.mr) * filled(shape.columns, kernels.lanes) + 24 / rows
            + 32 / columns
        if shape.grid.isIdentity {
            let isDirect =
                shape.channels % kernels.lanes == 0 && shape.rows % kernels.mr == 0
            let swapped =
                filled(shape.channels, kernels.lanes) + 16 / rows + (isDirect ? 0 : 16 / depth)
            return min(swapped, plain) < packed ? swapped < plain : nil
        }
        return plain < packed ? false : nil
    }

    /// Elements of a row of C.
    private static func pitch(_ columns: Int, _ kernels: GEMMKernels<Scalar>) -> Int {
        (columns + kernels.lanes - 1) / kernels.lanes * kernels.lanes
    }
    private var ldc: Int { Self.pitch(columns, kernels) }
    private var rows: Int { channels * taps }
    /// Rows of C of a group, whole tiles.
    private var paddedRows: Int { (rows + kernels.mr - 1) / kernels.mr * kernels.mr }
    /// Whether C is the gradient itself.
    private var isDirect: Bool {
        isSwapped && segments == 1 && ldc == columns && paddedRows == rows
    }
    /// Elements of C.
    private var total: Int { shape.groups * paddedRows * ldc }

    private var panelStride: Int {
        bands.most.images * bands.most.height * bands.most.width * kernels.nr
    }
    private var panelElements: Int {
        ((columns + kernels.nr - 1) / kernels.nr + columnParts) / columnParts * panelStride
    }
    private var planeElements: Int {
        layout == nil ? 0 : bands.most.images * channelsAtATime * channelPitch
    }
    private var workerElements: Int { (panelElements + planeElements + 79) / 16 * 16 }
    var scratchByteCount: Int {
        (threads * workerElements + (isDirect ? 0 : segments * total))
            * MemoryLayout<Scalar>.stride
    }

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
                    offsets.withUnsafeBufferPointer {
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
