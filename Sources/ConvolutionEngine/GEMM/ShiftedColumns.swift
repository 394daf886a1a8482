// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Rows of B that are runs of memory: a plane as wide as the grid of outputs, shifted by a tap.
///
/// Where a row of the input has as many elements as a row of outputs, output `p` (row-major) sees
/// `plane[p + shift]` through a tap, or a zero where that leaves its row, its plane or the input. So a row of B
/// is the plane from `shift` on, under a mask that is the same for all channels; nothing is copied row by row.
/// With a stride the plane is one of the stride's phases, and made of the input first, a chunk of channels at
/// a time:
///
///     input y = o·stride + tap = (o + shift)·stride + residue
///
/// Whoever multiplies reads the rows by way of ``ColumnSource``.
struct ShiftedColumns<Scalar: TensorScalar>: Sendable {
    private let grid: TapGrid
    private let kernels: GEMMKernels<Scalar>
    /// Of each tap: from the element of a pixel in phase 0 to that which the tap looks at.
    private let offsets: [Int]
    /// Input channels of a group.
    private let channels: Int
    /// Whether some tap looks outside the input.
    private let isMasked: Bool
    /// Whether rows are read from the input; else from planes of phases.
    private let isInPlace: Bool
    /// Elements from one row of a plane to the next.
    private let pitch: Int
    /// The smallest and the largest shift.
    private let lowest, highest: Int
    /// Elements of a plane that a block of pixels looks at, at most, and slack.
    private let regionPitch: Int
    /// Channels whose regions are in memory at a time, at most.
    private let regionCount: Int
    private let maskPitch: Int
    private let mostRows: Int

    /// Nil where a grid's columns are not of this kind, or where copies would be out of proportion.
    ///
    /// - Parameters:
    ///   - channels: input channels of a group
    ///   - mostPixels: the most pixels of a block
    ///   - mostRows: the most rows of B of a chunk
    init?(
        _ grid: TapGrid, channels: Int, mostPixels: Int, mostRows: Int, kernels: GEMMKernels<Scalar>
    ) {
        // A row's place costs as much as copying a vector of it, which a few pixels or short sums do not make up for.
        guard mostRows >= 32, grid.size.count >= 8, (1...1 << 12).contains(grid.taps.count),
            let planes = PhasePlanes(grid),
            !(grid.looksInside && planes.isCopied && planes.across < 4)
        else { return nil }
        self.grid = grid
        self.kernels = kernels
        self.channels = channels
        self.mostRows = mostRows
        pitch = planes.pitch
        isInPlace = !planes.isCopied
        isMasked = !grid.looksInside
        lowest = planes.taps.map(\.shift).min() ?? 0
        highest = planes.taps.map(\.shift).max() ?? 0
        maskPitch = mostPixels + kernels.nr
        let extent = mostPixels + highest - lowest + kernels.nr
        regionPitch = (extent + (planes.isCopied ? 2 * planes.rowLength : 0) + 15) / 16 * 16
        let between = regionPitch
        offsets = planes.taps.map { $0.phase * between + $0.shift }
        let slack = TensorStorage.slackByteCount / MemoryLayout<Scalar>.stride
        // Outputs behind the input's plane, which padding makes, see what is behind it.
        let behind = max(0, grid.size.count - grid.inputSize.count) + highest + kernels.nr
        let copies = planes.isCopied || -lowest > slack || behind > slack
        regionCount = copies ? mostRows / grid.taps.count + 2 : 0
        let copied = regionCount.multipliedReportingOverflow(by: regionPitch * planes.count)
        guard extent < 1 << 20, maskPitch * grid.taps.count < 1 << 14, !copied.overflow,
            copied.partialValue < 1 << 16
        else { return nil }
    }

    private var sourceElements: Int {
        (mostRows + ColumnRows<Scalar>.rowsAhead) * MemoryLayout<ColumnSource<Scalar>>.stride
            / MemoryLayout<Scalar>.stride
    }
    private var maskElements: Int { isMasked ? grid.taps.count * maskPitch : 0 }
    private var across: Int { grid.stride.width }
    private var phases: Int { isInPlace ? 1 : grid.stride.height * across }

    /// Elements of memory for a block: sources, masks, copies of regions.
    var scratchElements: Int {
        sourceElements + maskElements + regionCount * phases * regionPitch + 32
    }
}

extension ShiftedColumns {
    /// Writes the masks of a block's pixels.
    func begin(_ block: PixelBlock, _ scratch: UnsafeMutablePointer<Scalar>) {
        guard isMasked else {
            // What is behind the last pixel goes into lanes that nobody looks at.
            let copies = scratch + sourceElements
            copies.update(repeating: .zero, count: regionCount * phases * regionPitch)
            return
        }
        let size = grid.inputSize, stride = grid.stride
        var mask = UnsafeMutableRawPointer(scratch + sourceElements)
        mask.initializeMemory(
            as: UInt8.self, repeating: 0, count: maskElements * MemoryLayout<Scalar>.stride)
        for tap in grid.taps {
            let inside = StepRange.inside(
                size.width, count: grid.size.width, stride: stride.width, offset: tap.width)
            var column = 0
            for row in block.rows {
                let z = row.z * stride.depth + tap.depth, y = row.y * stride.height + tap.height
                if z >= 0 && z < size.depth && y >= 0 && y < size.height {
                    let some = inside.clamped(to: row.x)
                    let first = column + some.lowerBound - row.x.lowerBound
                    (mask + first * MemoryLayout<Scalar>.stride).initializeMemory(
                        as: UInt8.self, repeating: 0xFF,
                        count: some.count * MemoryLayout<Scalar>.stride)
                }
                column += row.x.count
            }
            mask += maskPitch * MemoryLayout<Scalar>.stride
        }
    }

    /// Rows `sum` of B, k = (channel, tap); whole channels tap by tap if that is asked for.
    ///
    /// - Parameters:
    ///   - pixels: the block's
    ///   - input: the group's first channel
    ///   - scratch: where ``begin(_:_:)`` has written
    /// - Returns: rows for whoever sets a panel and its columns
    func rows(
        _ sum: Range<Int>, pixels: Range<Int>, tapByTap: Bool, input: UnsafePointer<Scalar>,
        scratch: UnsafeMutablePointer<Scalar>
    ) -> ColumnRows<Scalar> {
        let count = grid.taps.count
        let sources = UnsafeMutableRawPointer(scratch).bindMemory(
            to: ColumnSource<Scalar>.self, capacity: mostRows + ColumnRows<Scalar>.rowsAhead)
        let masks = UnsafePointer(scratch + sourceElements)
        var region = scratch + sourceElements + maskElements
        let first = sum.lowerBound / count, end = (sum.upperBound + count - 1) / count
        let allReadable = isInPlace && isReadable(first, pixels) && isReadable(end - 1, pixels)
        if allReadable && count == 1 {
            var row = input + first * grid.inputSize.count + pixels.lowerBound + offsets[0]
            for place in 0..<sum.count {
                sources[place] = ColumnSource(values: row, mask: isMasked ? masks : row)
                row += grid.inputSize.count
            }
            return finished(sources, depth: sum.count, panel: scratch)
        }
        for channel in first..<end {
            let values = input + channel * grid.inputSize.count
            let plane: Plane
            if !isInPlace {
                plane = split(values, pixels, to: region)
                region += phases * regionPitch
            } else if allReadable || isReadable(channel, pixels) {
                plane = Plane(first: values, start: 0)
            } else {
                plane = copy(values, pixels, to: region)
                region += regionPitch
            }
            let some =
                max(
                    0, sum.lowerBound - channel * count)..<min(
                    count, sum.upperBound - channel * count)
            var place =
                tapByTap ? channel - first : channel * count + some.lowerBound - sum.lowerBound
            let pixel = plane.first + (pixels.lowerBound - plane.start)
            for tap in some {
                let row = pixel + offsets[tap]
                sources[place] = ColumnSource(
                    values: row, mask: isMasked ? masks + tap * maskPitch : row)
                place += tapByTap ? end - first : 1
            }
        }
        return finished(sources, depth: sum.count, panel: scratch)
    }

    /// The rows that have been written, and what is asked for behind them.
    @inline(__always)
    private func finished(
        _ rows: UnsafeMutablePointer<ColumnSource<Scalar>>, depth: Int,
        panel: UnsafeMutablePointer<Scalar>
    ) -> ColumnRows<Scalar> {
        for ahead in 0..<ColumnRows<Scalar>.rowsAhead { rows[depth + ahead] = rows[depth - 1] }
        // A panel of one tap is made of new memory: it may be asked for while the one before it is multiplied.
        return ColumnRows(
            rows: UnsafePointer(rows), depth: depth, isMasked: isMasked,
            asksAhead: isInPlace && grid.taps.count == 1, panel: panel)
    }

    /// Phase 0 of a channel, whose first element is element ``start`` of the plane.
    private struct Plane {
        let first: UnsafePointer<Scalar>
        let start: Int
    }

    /// Whether all that is read of a channel is in the tensor or its slack.
    private func isReadable(_ channel: Int, _ pixels: Range<Int>) -> Bool {
        let slack = TensorStorage.slackByteCount / MemoryLayout<Scalar>.stride
        let before = channel * grid.inputSize.count + slack
        let behind = (channels - channel) * grid.inputSize.count + slack
        return pixels.lowerBound + lowest + before >= 0
            && pixels.upperBound + kernels.nr + highest <= behind
    }

    /// What a block looks at of a channel at an end of the tensor.
    private func copy(
        _ values: UnsafePointer<Scalar>, _ pixels: Range<Int>,
        to region: UnsafeMutablePointer<Scalar>
    ) -> Plane {
        let start = pixels.lowerBound + lowest
        let end = pixels.upperBound + highest + kernels.nr
        let low = max(0, start), high = max(low, min(end, grid.inputSize.count))
        region.update(repeating: .zero, count: end - start)
        if low < high { (region + (low - start)).update(from: values + low, count: high - low) }
        return Plane(first: UnsafePointer(region), start: start)
    }

    /// What a block looks at of the phases of a channel: whole rows, or of a single row a part. What is outside the
    /// input is left as it is.
    private func split(
        _ values: UnsafePointer<Scalar>, _ pixels: Range<Int>,
        to region: UnsafeMutablePointer<Scalar>
    ) -> Plane {
        let first = pixels.lowerBound + lowest, last = pixels.upperBound - 1 + highest
        let isLine = grid.size.height == 1, down = grid.stride.height
        let top = isLine ? 0 : first.floorDivided(by: pitch)
        let bottom = isLine ? 0 : last.floorDivided(by: pitch)
        let length = min(pitch, (grid.inputSize.width + across - 1) / across)
        let left = isLine ? max(0, first) : 0, right = isLine ? min(length, last + 1) : length
        let start = isLine ? first : top * pitch
        for phase in 0..<(isLine ? 1 : down) where left < right {
            // Rows y·down + phase of the input.
            let low = max(0, top)
            let high = min(bottom, (grid.inputSize.height - 1 - phase).floorDivided(by: down))
            if low > high { continue }
            kernels.splitPhases(
                RowPhases(
                    values: values + (low * down + phase) * grid.inputSize.width + left * across,
                    pitch: down * grid.inputSize.width, rows: high - low + 1, phases: across,
                    count: right - left,
                    to: region + (phase * across * regionPitch + low * pitch + left - start),
                    toPitch: pitch, phasePitch: regionPitch, ahead: grid.inputSize.count))
        }
        return Plane(first: UnsafePointer(region), start: start)
    }
}

/// A grid's taps as shifts in planes as wide as the grid.
private struct PhasePlanes {
    let taps: [(phase: Int, shift: Int)]
    let pitch: Int
    let isCopied: Bool
    let across: Int
    let count: Int
    /// Elements that a block may look at besides its own, because rows are copied whole.
    let rowLength: Int

    init?(_ grid: TapGrid) {
        let size = grid.size, input = grid.inputSize, stride = grid.stride
        across = stride.width
        // Larger ones are worth nothing here, and products of them might overflow.
        guard (0..<3).allSatisfy({ grid.lowest[$0] > -1 << 20 && grid.highest[$0] < 1 << 20 }),
            input.count < 1 << 40
        else { return nil }
        let isPlain = stride == SpatialTriple(depth: 1, height: 1, width: 1)
        let oneRow = size.height == 1 && size.depth == 1
        let isFlat =
            isPlain && (input.width == size.width || oneRow)
            && (input.height == size.height || size.depth == 1)
        isCopied = !isFlat
        if isFlat {
            (pitch, count, rowLength) = (input.width, 1, 0)
            taps = grid.taps.map {
                (phase: 0, shift: ($0.depth * input.height + $0.height) * input.width + $0.width)
            }
            return
        }
        guard size.depth == 1, input.depth == 1, [1, 2, 4].contains(stride.width),
            stride.height <= 4, grid.taps.allSatisfy({ $0.depth == 0 }),
            !oneRow || (input.height == 1 && grid.lowest.height == 0 && grid.highest.height == 0)
        else { return nil }
        let width = oneRow ? max(size.width, (input.width + across - 1) / across) : size.width
        (pitch, count, rowLength) = (width, stride.height * stride.width, oneRow ? 0 : width)
        var taps: [(phase: Int, shift: Int)] = []
        for tap in grid.taps {
            let y = tap.height.floorDivided(by: stride.height)
            let x = tap.width.floorDivided(by: across)
            let down = tap.height - y * stride.height, right = tap.width - x * across
            // What is behind the end of a row of outputs has no place in a plane.
            let length = (input.width - right + across - 1) / across
            guard oneRow || x <= 0 || length <= width else { return nil }
            taps.append((down * across + right, y * width + x))
        }
        self.taps = taps
    }
}

extension Int {
    /// The quotient rounded towards minus infinity; the divisor is positive.
    fileprivate func floorDivided(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
