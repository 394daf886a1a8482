// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The gradient of a weight with few rows a group, depthwise above all: one inner product for each tap.
///
///     dW[o, c, t] = Σ_n Σ_p rows[n, o, p] · field[n, c, p·stride + tap t]
///
/// Rows of pixels are multiplied with the windows of a padded copy of the field (``PlaneLayout``), a band
/// at a time; ``WeightGradient`` would have to fill most of its tiles with zeros.
///
/// *Error*: sums of a band in as many parts as a vector has lanes, of at most 256 products each; the
/// bands' sums in double precision.
struct TapProducts<Scalar: TensorScalar>: Sendable {
    let shape: GradientShape
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    private let packer: ColumnPacker<Scalar>
    private let layout: PlaneLayout
    /// Rows of a band.
    private let bandRows: Int
    /// Parts of the bands that are summed on their own.
    private let segments: Int

    /// From this number of rows a group on, tiles are full enough.
    private static var mostRows: Int { 3 }
    /// Elements of a padded copy that leave room in L1.
    private static var fitting: Int { 6144 }

    /// Nil where ``WeightGradient`` is better: tiles are full enough, or windows stand too far apart.
    init?(_ shape: GradientShape, kernels: GEMMKernels<Scalar>, threads: Int) {
        guard shape.rows <= Self.mostRows else { return nil }
        let grid = shape.grid, width = grid.size.width
        guard let one = PlaneLayout(grid, mostPixels: width, wholeRows: true) else { return nil }
        let more = (Self.fitting - one.count) / (one.rowPitch * grid.stride.height)
        let longest = 256 * kernels.lanes / max(1, width)
        let rows = max(1, min(grid.size.height, more, longest))
        guard let layout = PlaneLayout(grid, mostPixels: width * rows, wholeRows: true) else {
            return nil
        }
        self.shape = shape
        self.kernels = kernels
        self.threads = threads
        self.layout = layout
        bandRows = rows
        packer = ColumnPacker(grid, layout: layout, kernels: kernels)
        let bands = shape.images * grid.size.depth * ((grid.size.height + rows - 1) / rows)
        segments = max(1, min(bands, 16 / max(1, shape.groups * shape.channels)))
    }

    private var total: Int { shape.groups * shape.rows * shape.columns }
    private var workerElements: Int { (layout.count + 4 * kernels.lanes + 79) / 16 * 16 }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    /// Over the cores: segments x channels of all groups. Writes all of the gradient.
    func run(_ operands: GradientOperands<Scalar>) {
        let channels = shape.groups * shape.channels
        var sums = [Double](repeating: 0, count: segments * total)
        let blocks = blocks
        sums.withUnsafeMutableBufferPointer { buffer in
            let sums = Sums(buffer.baseAddress!)
            ParallelTiles.run(segments * channels, threads: threads) { task, worker in
                sum(
                    channel: task % channels, segment: task / channels, blocks, operands,
                    operands.scratch + worker * workerElements,
                    into: sums.first + task / channels * total)
            }
        }
        for i in 0..<total {
            var sum = 0.0
            for segment in 0..<segments { sum += sums[segment * total + i] }
            operands.gradient[i] = Scalar(sum)
        }
    }

    /// The bands of an image.
    private var blocks: [PixelBlock] {
        let size = shape.grid.size
        return (0..<size.depth).flatMap { z in
            stride(from: 0, to: size.height, by: bandRows).map { y in
                let band = PixelBlock.Band(
                    z: z, y: y..<min(size.height, y + bandRows), x: 0..<size.width)
                return PixelBlock(bands: layout.oneRowBands ? band.split : [band])
            }
        }
    }

    /// Memory of which each task writes places of its own.
    private struct Sums: @unchecked Sendable {
        let first: UnsafeMutablePointer<Double>
        init(_ first: UnsafeMutablePointer<Double>) { self.first = first }
    }

    /// All taps of one channel of the field, with all rows of its group, over the bands of a segment.
    private func sum(
        channel: Int, segment: Int, _ blocks: [PixelBlock], _ operands: GradientOperands<Scalar>,
        _ plane: UnsafeMutablePointer<Scalar>, into sums: UnsafeMutablePointer<Double>
    ) {
        let size = shape.grid.size
        let perDepth = (size.height + bandRows - 1) / bandRows, perImage = size.depth * perDepth
        let bands = shape.images * perImage
        let group = channel / shape.channels
        for i in bands * segment / segments..<bands * (segment + 1) / segments {
            let y = i % perDepth * bandRows, z = i % perImage / perDepth, image = i / perImage
            let field = image * shape.groups * shape.channels + channel
            packer.fill(
                operands.field + field * shape.grid.inputSize.count, layout,
                blocks[i % perImage], plane)
            for row in 0..<shape.rows {
                let at = group * shape.rows + row
                let first = (image * shape.groups * shape.rows + at) * shape.positions
                multiply(
                    operands.rows + first + (z * size.height + y) * size.width,
                    height: min(bandRows, size.height - y), plane,
                    into: sums + at * shape.columns
                        + channel % shape.channels * shape.grid.taps.count)
            }
        }
    }

    /// Some rows with every tap's windows.
    private func multiply(
        _ rows: UnsafePointer<Scalar>, height: Int, _ plane: UnsafePointer<Scalar>,
        into sums: UnsafeMutablePointer<Double>
    ) {
        let down =
            layout.oneRowBands ? layout.bandPitch : shape.grid.stride.height * layout.rowPitch
        layout.tapOffsets.withUnsafeBufferPointer { offsets in
            kernels.correlate(
                RowWindows(
                    rows: rows, rowPitch: shape.grid.size.width, windows: plane, windowPitch: down,
                    height: height, width: shape.grid.size.width, offsets: offsets, sums: sums))
        }
    }
}
