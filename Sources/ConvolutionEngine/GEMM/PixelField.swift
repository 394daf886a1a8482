// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Where the values lie that the taps of a block of pixels look at, some channels at a time: in the input, or in a
/// copy of what the block sees of it.
///
/// Each step of the sum is at a pixel's place plus an offset that is the same for all pixels.
struct PixelField<Scalar: TensorScalar>: Sendable {
    private let grid: TapGrid
    private let kernels: GEMMKernels<Scalar>
    private let form: Form
    /// Where the taps of some channels are in the input, relative to a pixel's first.
    private let inputOffsets: [Int32]
    /// The same where they are read.
    let offsets: [Int32]
    /// Elements of the copies.
    let elementCount: Int

    private enum Form: Sendable {
        /// No tap looks outside.
        case inPlace
        /// Nor does the only one, and it passes over every second element: a row of so many for each step of the sum.
        case packed(pitch: Int)
        /// Padded parts of the channels.
        case padded(PaddedPart)
    }

    /// Whether some tap looks outside of the input.
    var isPadded: Bool { if case .padded = form { true } else { false } }

    /// Nil where copies would be out of proportion, or offsets too far.
    ///
    /// - Parameters:
    ///   - channels: whose values are in memory at a time
    ///   - mostPixels: the most pixels of a block, of at most `mostRows` rows
    init?(
        _ grid: TapGrid, channels: Int, mostPixels: Int, mostRows: Int,
        kernels: GEMMKernels<Scalar>
    ) {
        self.grid = grid
        self.kernels = kernels
        let size = grid.inputSize, steps = channels * grid.taps.count
        guard size.count < 1 << 30 / max(1, channels) else { return nil }
        inputOffsets =
            grid.looksInside
            ? (0..<channels).flatMap { channel in
                grid.taps.map {
                    let row = (channel * size.depth + $0.depth) * size.height + $0.height
                    return Int32(row * size.width + $0.width)
                }
            } : []
        if grid.looksInside && (grid.stride.width != 2 || grid.taps.count > 1) {
            (form, offsets, elementCount) = (.inPlace, inputOffsets, 0)
        } else if grid.looksInside {
            let pitch = (mostPixels + kernels.lanes - 1) / kernels.lanes * kernels.lanes
            form = .packed(pitch: pitch)
            offsets = (0..<steps).map { Int32($0 * pitch) }
            elementCount = (steps + 1) * pitch
        } else {
            guard let part = PaddedPart(grid, mostPixels: mostPixels, mostRows: mostRows),
                part.size.count <= Self.mostElements / max(1, channels)
            else { return nil }
            form = .padded(part)
            offsets = (0..<channels).flatMap { channel in
                grid.taps.map { Int32(channel * part.size.count + part.offset(of: $0)) }
            }
            elementCount = channels * part.size.count + 4 * kernels.lanes
        }
        guard elementCount <= Self.mostElements else { return nil }
    }

    /// 512 KB of float32, half of a large second-level cache.
    private static var mostElements: Int { 1 << 17 }

    /// The place of each of a block's pixels, and of three behind the last.
    func place(_ pixels: Range<Int>, _ places: UnsafeMutablePointer<Int32>) {
        let size = grid.inputSize, stride = grid.stride
        var place = places, step = 1
        for row in rows(of: pixels) {
            var first = place - places
            switch form {
            case .packed: break
            case .inPlace:
                let y = row.z * stride.depth * size.height + row.y * stride.height
                (first, step) = (y * size.width + row.x.lowerBound * stride.width, stride.width)
            case .padded(let part):
                (first, step) = (part.place(of: row, in: part.origin(of: pixels)), stride.width)
            }
            for x in 0..<row.x.count {
                place.pointee = Int32(truncatingIfNeeded: first + x * step)
                place += 1
            }
        }
        for behind in 0..<3 { place[behind] = place[-1] }
    }

    private func rows(of pixels: Range<Int>) -> [PixelBlock.Piece] {
        PixelBlock(pixels, of: grid.size, oneRowBands: true).rows
    }

    /// How a packer copies a block; empty where nothing is packed.
    func pieces(of pixels: Range<Int>) -> [CopyPiece] {
        guard case .packed = form else { return [] }
        let size = grid.inputSize, stride = grid.stride
        var column = 0
        return rows(of: pixels).map { row in
            let y = row.z * stride.depth * size.height + row.y * stride.height
            defer { column += row.x.count }
            return CopyPiece(
                from: Int32(y * size.width + row.x.lowerBound * stride.width), to: Int32(column),
                vectors: Int32((row.x.count + kernels.lanes - 1) / kernels.lanes))
        }
    }

    /// What a block sees of some channels.
    ///
    /// - Parameters:
    ///   - values: the first of the channels
    ///   - pieces: ``pieces(of:)``
    ///   - memory: ``elementCount`` elements
    /// - Returns: what places and offsets are relative to
    func values(
        _ values: UnsafePointer<Scalar>, channels: Int, of pixels: Range<Int>,
        pieces: [CopyPiece], memory: UnsafeMutablePointer<Scalar>
    ) -> UnsafePointer<Scalar> {
        switch form {
        case .inPlace: return values
        case .packed(let pitch):
            inputOffsets.withUnsafeBufferPointer { offsets in
                pieces.withUnsafeBufferPointer {
                    kernels.packTaps(
                        TapColumns(
                            plane: values,
                            taps: UnsafeBufferPointer(
                                rebasing: offsets[..<(channels * grid.taps.count)]),
                            pieces: $0, rows: memory, rowPitch: pitch, stride: 2))
                }
            }
        case .padded(let part):
            part.copy(values, channels: channels, of: pixels, to: memory, kernels)
        }
        return UnsafePointer(memory)
    }
}

/// What a block of pixels sees of a channel, padding included: parts of a line, whole rows or, of volumes, whole planes.
private struct PaddedPart: Sendable {
    private let grid: TapGrid
    /// Elements of a copy.
    let size: SpatialTriple
    /// Whether a block sees a part of a row only.
    private let isLine: Bool

    /// Nil where it would be too much.
    init?(_ grid: TapGrid, mostPixels: Int, mostRows: Int) {
        self.grid = grid
        isLine = grid.size.depth == 1 && grid.size.height == 1
        let width = grid.size.width, plane = width * grid.size.height
        let pixels = SpatialTriple(
            depth: min(grid.size.depth, mostPixels / plane + 2),
            height: grid.size.depth > 1
                ? grid.size.height : min(grid.size.height, mostRows),
            width: isLine ? min(width, mostPixels) : width)
        var reach: [Int] = []
        for d in 0..<3 {
            let (span, overflow) = (pixels[d] - 1).multipliedReportingOverflow(by: grid.stride[d])
            let taps = grid.highest[d] - grid.lowest[d] + 1
            guard !overflow, span < 1 << 17, taps < 1 << 17 else { return nil }
            reach.append(span + taps)
        }
        size = SpatialTriple { reach[$0] }
    }

    /// A tap's element, relative to a pixel's.
    func offset(of tap: SpatialTriple) -> Int {
        let row =
            (tap.depth - grid.lowest.depth) * size.height + tap.height - grid.lowest.height
        return row * size.width + tap.width - grid.lowest.width
    }

    /// The pixel that a block's copies begin with.
    func origin(of pixels: Range<Int>) -> SpatialTriple {
        let width = grid.size.width, row = pixels.lowerBound / width
        return SpatialTriple(
            depth: row / grid.size.height,
            height: grid.size.depth > 1 ? 0 : row % grid.size.height,
            width: isLine ? pixels.lowerBound % width : 0)
    }

    /// The element of the first pixel of a row.
    func place(of row: PixelBlock.Piece, in origin: SpatialTriple) -> Int {
        let z = (row.z - origin.depth) * grid.stride.depth
        let y = (row.y - origin.height) * grid.stride.height
        let x = (row.x.lowerBound - origin.width) * grid.stride.width
        return (z * size.height + y) * size.width + x
    }

    /// Copies what a block sees of some channels.
    func copy<Scalar>(
        _ values: UnsafePointer<Scalar>, channels: Int, of pixels: Range<Int>,
        to memory: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>
    ) {
        let origin = origin(of: pixels), input = grid.inputSize, stride = grid.stride
        let left = origin.width * stride.width + grid.lowest.width
        let top = origin.height * stride.height + grid.lowest.height
        var to = memory
        for channel in 0..<channels {
            let plane = values + channel * input.count
            for slice in 0..<size.depth {
                let depth = origin.depth * stride.depth + grid.lowest.depth + slice
                let isInside = depth >= 0 && depth < input.depth
                kernels.fillRows(
                    PaddedRows(
                        isInside ? plane + depth * input.height * input.width : plane,
                        height: isInside ? input.height : 0, width: input.width,
                        rows: top..<top + size.height, left: left, width: size.width, to: to,
                        ahead: input.count))
                to += size.height * size.width
            }
        }
    }
}
