// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The gradient of depthwise weights with a channel in each lane: ``TapProducts`` for short rows and strided
/// windows, whose vectors would be mostly empty and whose padded copies would have to be split.
///
///     dW[c, t] = Σ_n Σ_p  rows[n, c, p] · field[n, c, p·stride + tap t]
///
/// A band of both is turned into lanes, as in ``DirectConvolution``'s bands; then every pixel is one multiply-add for
/// each tap, of as many channels as a vector has lanes.
///
/// *Error*: sums of a band, at most 256 products, one after the other; the bands' sums in double precision.
struct LaneProducts<Scalar: TensorScalar>: Sendable {
    private let shape: GradientShape
    private let kernels: GEMMKernels<Scalar>
    private let threads: Int
    /// Rows of pixels of a band, and bands of an image.
    private let bandRows, bands: Int
    /// Pixels of a row of the field, and those of its padding in front.
    private let pitch, before: Int
    /// Offset of each tap in the field, then that of each pixel's first window.
    private let offsets: [Int]
    /// Parts of the bands of all images that are summed on their own.
    private let segments: Int

    /// Nil where ``TapProducts`` is faster, or where a channel is not a plane with a kernel of its own.
    init?(_ shape: GradientShape, kernels: GEMMKernels<Scalar>, threads: Int) {
        let grid = shape.grid, lanes = kernels.lanes, size = grid.size
        let isStrided = grid.stride.width > 1 || grid.stride.height > 1
        guard
            shape.rows == 1, shape.channels == 1, shape.groups >= lanes, size.depth == 1,
            grid.inputSize.depth == 1, grid.lowest.depth == 0, grid.highest.depth == 0,
            grid.taps.count <= 256, size.width <= 256, isStrided || size.width <= 2 * lanes
        else { return nil }
        self.shape = shape
        self.kernels = kernels
        self.threads = threads
        let count = (size.height + max(1, 256 / size.width) - 1) / max(1, 256 / size.width)
        bandRows = (size.height + count - 1) / count
        bands = (size.height + bandRows - 1) / bandRows
        before = max(0, -grid.lowest.width)
        let (span, overflow) = (size.width - 1).multipliedReportingOverflow(by: grid.stride.width)
        guard !overflow, span < 1 << 16, grid.highest.width < 1 << 16, before < 1 << 16 else {
            return nil
        }
        pitch = before + max(grid.inputSize.width, span + grid.highest.width + 1)
        let extent = grid.highest.height - grid.lowest.height
        // The field takes at most half a MiB.
        let (rows, tooMany) = (bandRows - 1).multipliedReportingOverflow(by: grid.stride.height)
        guard !tooMany, rows < 1 << 16, extent < 1 << 16,
            (rows + extent + 1) * pitch * lanes * MemoryLayout<Scalar>.stride <= 1 << 19
        else { return nil }
        let (pitch, before) = (pitch, before)
        let taps = grid.taps.map {
            (($0.height - grid.lowest.height) * pitch + $0.width + before) * lanes
        }
        let pixels = (0..<bandRows).flatMap { y in
            (0..<size.width).map {
                (y * grid.stride.height * pitch + $0 * grid.stride.width) * lanes
            }
        }
        offsets = taps + pixels
        let blocks = (shape.groups + lanes - 1) / lanes
        segments = max(1, min(shape.images * bands, 16 / blocks))
    }

    private var taps: Int { shape.grid.taps.count }
    private var total: Int { shape.groups * taps }

    /// Elements of a worker's rows, field and sums.
    private var sizes: (rows: Int, field: Int, sums: Int) {
        func vectors(_ count: Int) -> Int { (count * kernels.lanes + 15) / 16 * 16 }
        let extent = shape.grid.highest.height - shape.grid.lowest.height
        let height = (bandRows - 1) * shape.grid.stride.height + extent + 1
        return (
            vectors(bandRows * shape.grid.size.width + 8), vectors(height * pitch + 8),
            vectors(taps)
        )
    }
    private var workerElements: Int { sizes.rows + sizes.field + sizes.sums }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    /// Over the cores: segments x blocks of channels. Writes all of the gradient.
    func run(_ operands: GradientOperands<Scalar>) {
        let blocks = (shape.groups + kernels.lanes - 1) / kernels.lanes
        var sums = [Double](repeating: 0, count: segments * total)
        sums.withUnsafeMutableBufferPointer { buffer in
            let sums = Sums(first: buffer.baseAddress!)
            ParallelTiles.run(segments * blocks, threads: threads) { task, worker in
                sum(
                    channel: task % blocks * kernels.lanes, segment: task / blocks, operands,
                    operands.scratch + worker * workerElements,
                    into: sums.first + task / blocks * total)
            }
        }
        for i in 0..<total {
            var sum = 0.0
            for segment in 0..<segments { sum += sums[segment * total + i] }
            operands.gradient[i] = Scalar(sum)
        }
    }

    /// Memory of which each task writes places of its own.
    private struct Sums: @unchecked Sendable {
        let first: UnsafeMutablePointer<Double>
    }

    /// A vector of channels over the bands of a segment.
    private func sum(
        channel: Int, segment: Int, _ operands: GradientOperands<Scalar>,
        _ scratch: UnsafeMutablePointer<Scalar>, into totals: UnsafeMutablePointer<Double>
    ) {
        let grid = shape.grid, sizes = sizes, lanes = kernels.lanes
        let channels = min(lanes, shape.groups - channel)
        let sums = scratch + sizes.rows + sizes.field
        let count = shape.images * bands
        for i in count * segment / segments..<count * (segment + 1) / segments {
            let y = i % bands * bandRows, plane = i / bands * shape.groups + channel
            let height = min(bandRows, grid.size.height - y)
            let top = y * grid.stride.height + grid.lowest.height
            let extent = grid.highest.height - grid.lowest.height + 1
            offsets.withUnsafeBufferPointer { offsets in
                kernels.rows.correlateLanes(
                    LaneOperands(
                        channels: channels,
                        field: LaneField(
                            values: operands.field + plane * grid.inputSize.count,
                            channelPitch: grid.inputSize.count, height: grid.inputSize.height,
                            width: grid.inputSize.width,
                            rows: top..<top + (height - 1) * grid.stride.height + extent,
                            before: before, pitch: pitch, to: scratch + sizes.rows),
                        weights: operands.rows + plane * shape.positions + y * grid.size.width,
                        taps: taps, starts: nil, start: .zero, offsets: offsets.baseAddress!,
                        pixels: offsets.baseAddress! + taps, count: height * grid.size.width,
                        output: sums, outputPitch: shape.positions, turned: scratch, sums: sums))
            }
            for c in 0..<channels {
                let to = totals + (channel + c) * taps
                for t in 0..<taps { to[t] += Double(sums[t * lanes + c]) }
            }
        }
    }
}
