// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Where the values lie that the taps of a block of pixels look at: in the input or, where a tap looks outside, in a
/// padded copy of the part that the block sees, some channels at a time.
///
/// The tap of a channel is at the pixel's place plus an offset that is the same for all pixels, whatever the stride.
struct PixelField<Scalar: TensorScalar>: Sendable {
    private let grid: TapGrid
    private let kernels: GEMMKernels<Scalar>
    let isInPlace: Bool
    /// What is copied of a channel at most; the input's size, if nothing is.
    private let size: SpatialTriple
    /// Whether a block sees a part of a row only.
    private let isLine: Bool
    /// Of some channels and their taps: where they look, relative to a pixel.
    let offsets: [Int32]

    /// Nil where copies would be out of proportion, or offsets too far.
    ///
    /// - Parameters:
    ///   - channels: whose values are in memory at a time
    ///   - mostPixels: the most pixels of a block
    init?(_ grid: TapGrid, channels: Int, mostPixels: Int, kernels: GEMMKernels<Scalar>) {
        self.grid = grid
        self.kernels = kernels
        isInPlace = grid.looksInside
        isLine = grid.size.depth == 1 && grid.size.height == 1
        guard let size = isInPlace ? grid.inputSize : Self.copied(grid, mostPixels),
            size.count < 1 << 30 / max(1, channels),
            isInPlace || channels * size.count <= Self.mostElements
        else { return nil }
        self.size = size
        let low = isInPlace ? SpatialTriple(repeating: 0) : grid.lowest
        offsets = (0..<channels).flatMap { channel in
            grid.taps.map {
                let z = channel * size.depth + $0.depth - low.depth
                let y = z * size.height + $0.height - low.height
                return Int32(y * size.width + $0.width - low.width)
            }
        }
    }

    /// 512 KB of float32, half of a large second-level cache.
    private static var mostElements: Int { 1 << 17 }

    /// What a block sees of a channel, padding included: parts of a line, whole rows or, of volumes, whole planes.
    private static func copied(_ grid: TapGrid, _ mostPixels: Int) -> SpatialTriple? {
        let width = grid.size.width, plane = width * grid.size.height
        let isLine = grid.size.depth == 1 && grid.size.height == 1
        let pixels = SpatialTriple(
            depth: min(grid.size.depth, mostPixels / plane + 2),
            height: grid.size.depth > 1
                ? grid.size.height : min(grid.size.height, mostPixels / width + 2),
            width: isLine ? min(width, mostPixels) : width)
        var reach: [Int] = []
        for d in 0..<3 {
            let (span, overflow) = (pixels[d] - 1).multipliedReportingOverflow(by: grid.stride[d])
            let taps = grid.highest[d] - grid.lowest[d] + 1
            guard !overflow, span < 1 << 17, taps < 1 << 17 else { return nil }
            reach.append(span + taps)
        }
        return SpatialTriple { reach[$0] }
    }

    /// Elements of memory for the copies of `channels` channels.
    func elements(channels: Int) -> Int {
        isInPlace ? 0 : channels * size.count + 4 * kernels.lanes
    }

    /// The place of each of a block's pixels, and of three behind the last.
    func place(_ pixels: Range<Int>, _ places: UnsafeMutablePointer<Int32>) {
        let width = grid.size.width, stride = grid.stride
        let origin = isInPlace ? (z: 0, y: 0, x: 0) : first(pixels)
        var pixel = pixels.lowerBound, place = places
        while pixel < pixels.upperBound {
            let row = pixel / width, left = pixel % width
            let right = min(width, left + pixels.upperBound - pixel)
            let z = (row / grid.size.height - origin.z) * stride.depth
            let y = (row % grid.size.height - origin.y) * stride.height
            let start = (z * size.height + y) * size.width - origin.x * stride.width
            for x in left..<right {
                place.pointee = Int32(truncatingIfNeeded: start + x * stride.width)
                place += 1
            }
            pixel += right - left
        }
        for behind in 0..<3 { place[behind] = place[-1] }
    }

    /// The pixel that a block's copies begin with.
    private func first(_ pixels: Range<Int>) -> (z: Int, y: Int, x: Int) {
        let width = grid.size.width, row = pixels.lowerBound / width
        let z = row / grid.size.height
        return (
            z, grid.size.depth > 1 ? 0 : row % grid.size.height,
            isLine ? pixels.lowerBound % width : 0
        )
    }

    /// What a block sees of some channels.
    ///
    /// - Parameters:
    ///   - values: the first of the channels
    ///   - memory: ``elements(channels:)``
    /// - Returns: what places and offsets are relative to
    func values(
        _ values: UnsafePointer<Scalar>, channels: Int, of pixels: Range<Int>,
        memory: UnsafeMutablePointer<Scalar>
    ) -> UnsafePointer<Scalar> {
        if isInPlace { return values }
        let (z, y, x) = first(pixels), input = grid.inputSize
        let left = x * grid.stride.width + grid.lowest.width, from = max(0, left)
        let top = y * grid.stride.height + grid.lowest.height
        var to = memory
        for channel in 0..<channels {
            let plane = values + channel * input.count
            for slice in 0..<size.depth {
                let depth = z * grid.stride.depth + grid.lowest.depth + slice
                let isInside = depth >= 0 && depth < input.depth && from < input.width
                kernels.fillRows(
                    PaddedRows(
                        values: isInside
                            ? plane + depth * input.height * input.width + from : plane,
                        valuesPitch: input.width, height: isInside ? input.height : 0,
                        rows: top..<top + size.height, count: max(0, input.width - from),
                        before: max(0, -left), stride: 1, phasePitch: size.width, to: to,
                        ahead: input.count))
                to += size.height * size.width
            }
        }
        return UnsafePointer(memory)
    }
}
