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
    let bands: FieldBands
    /// Padded copies; nil: the field is read where it lies.
    let layout: PlaneLayout?
    let packer: ColumnPacker<Scalar>?
    let isSwapped: Bool
    /// Channels of a group's field, rows of C for each, and columns of C.
    let channels, taps, columns: Int
    /// Where the windows of a block of channels' taps begin, up to whole tiles; and those of the last block, which
    /// may be smaller: behind its windows is nothing that may be read.
    let offsets, lastOffsets: [Int32]
    let channelsAtATime: Int
    /// Elements from one channel of the field, or of the copies, to the next.
    let channelPitch: Int
    let segments, rowParts, columnParts: Int

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
        let most = BlockSizes.fitting(kernels.nr * MemoryLayout<Scalar>.stride)
        bands = FieldBands(grid.isIdentity ? flat : grid.size, images: shape.images, most: most)

        let (images, height, width) = bands.most
        let offsetsOfTaps: [Int32]
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
        func windows(_ count: Int) -> [Int32] {
            var offsets = (0..<count).flatMap { channel in
                offsetsOfTaps.map { Int32(channel * pitch) + $0 }
            }
            while offsets.count % mr > 0 { offsets.append(offsets[0]) }
            return offsets + offsets.prefix(mr)
        }
        offsets = windows(block)
        let rest = channels % block
        lastOffsets = rest == 0 ? offsets : windows(rest)
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
        // Tiles of four rows spill, and are slower from windows than from panels by up to half.
        if kernels.mr < 8 { return nil }
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
    var ldc: Int { Self.pitch(columns, kernels) }
    var rows: Int { channels * taps }
    /// Rows of C of a group, whole tiles.
    var paddedRows: Int { (rows + kernels.mr - 1) / kernels.mr * kernels.mr }
    /// Whether C is the gradient itself.
    var isDirect: Bool {
        isSwapped && segments == 1 && ldc == columns && paddedRows == rows
    }
    /// Elements of C.
    var total: Int { shape.groups * paddedRows * ldc }

    var panelStride: Int {
        bands.most.images * bands.most.height * bands.most.width * kernels.nr
    }
    var panelElements: Int {
        ((columns + kernels.nr - 1) / kernels.nr + columnParts) / columnParts * panelStride
    }
    var planeElements: Int {
        layout == nil ? 0 : bands.most.images * channelsAtATime * channelPitch
    }
    var workerElements: Int { (panelElements + planeElements + 79) / 16 * 16 }
    var scratchByteCount: Int {
        (threads * workerElements + (isDirect ? 0 : segments * total))
            * MemoryLayout<Scalar>.stride
    }
}
