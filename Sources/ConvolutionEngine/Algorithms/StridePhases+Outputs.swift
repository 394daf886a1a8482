// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The way of sums to rows of outputs.
extension StridePhases {
    /// Where the outputs of a block go, two residues of the width at a time.
    struct ZippedOutput {
        /// Outputs of the group's first channel.
        let output: UnsafeMutablePointer<Scalar>
        /// Elements from one channel to the next.
        let pitch: Int
        /// Of each pair of phases those of every panel, two a vector of pixels.
        fileprivate var places: [ZippedPlace] = []
        /// Of each pair of phases and panel: where its places begin, and whether all of them are whole vectors.
        fileprivate var panels: [(first: Int, isWhole: Bool)] = []
        fileprivate let panelCount: Int

        /// Outputs of a channel.
        func row(_ channel: Int) -> UnsafeMutablePointer<Scalar> { output + channel * pitch }

        @inline(__always)
        func withPlaces(
            _ pair: Int, _ panel: Int, _ body: (UnsafePointer<ZippedPlace>, _ isWhole: Bool) -> Void
        ) {
            let found = panels[pair * panelCount + panel]
            places.withUnsafeBufferPointer { body($0.baseAddress! + found.first, found.isWhole) }
        }
    }

    /// The places of a block, the same for every channel.
    func zippedOutput(_ part: Part, _ operands: RunOperands<Scalar>) -> ZippedOutput {
        let columns = ColumnPanels(part.pixels.count, kernels: kernels), lanes = kernels.lanes
        let plane = geometry.outputSize.count
        var zips = ZippedOutput(
            output: operands.output + part.image * geometry.outputChannelsPerGroup * plane,
            pitch: plane, panelCount: columns.count)
        zips.places.reserveCapacity(phases.count * (part.pixels.count / lanes + 1))
        for pair in 0..<phases.count / 2 {
            for panel in 0..<columns.count {
                let first = zips.places.count, end = columns[panel].upperBound
                var pixel = columns[panel].lowerBound
                while pixel < end {
                    for half in [pixel, pixel + lanes / 2] {
                        let some = min(half, end)..<min(half + lanes / 2, end)
                        zips.places.append(
                            place(
                                part.pixels.lowerBound + some.lowerBound, count: some.count,
                                phases[2 * pair].residue))
                    }
                    pixel += lanes
                }
                zips.panels.append(
                    (first, zips.places[first...].allSatisfy { $0.count == lanes }))
            }
        }
        return zips
    }

    /// The place of a vector: the outputs of up to half as many neighbouring pixels, which are in two rows at most.
    private func place(_ pixel: Int, count: Int, _ residue: SpatialTriple) -> ZippedPlace {
        let grid = packer.grid.size, width = geometry.outputSize.width
        let x = pixel % grid.width, here = min(count, grid.width - x)
        var place = ZippedPlace(first: 0, count: 0, next: 0, skipped: kernels.lanes)
        if here > 0, let row = outputRow(pixel / grid.width, residue) {
            place.first = row + 2 * x
            place.count = min(2 * here, width - 2 * x)
        }
        if count > here, let row = outputRow(pixel / grid.width + 1, residue) {
            place.next = row - 2 * here
            place.skipped = 2 * here
        }
        return place
    }

    /// Offset of the row of outputs that a row of pixels has of a residue; nil: there is none.
    private func outputRow(_ row: Int, _ residue: SpatialTriple) -> Int? {
        let size = geometry.outputSize, height = packer.grid.size.height
        let z = row / height * geometry.stride.depth + residue.depth
        let y = row % height * geometry.stride.height + residue.height
        return z < size.depth && y < size.height ? (z * size.height + y) * size.width : nil
    }

    /// Rows of sums to rows of outputs, unless they are there already: element q of residue r goes to column `s·q + r`.
    func interleave(
        _ part: Part, _ channels: Range<Int>, _ operands: RunOperands<Scalar>
    ) {
        if isZipped && operands.isPlain { return }
        let first = part.image * geometry.outputChannelsPerGroup
        pieces(of: part.pixels).withUnsafeBufferPointer { pieces in
            for channel in channels {
                let plane = operands.output + (first + channel) * geometry.outputSize.count
                if !isZipped {
                    kernels.interleavePieces(
                        PhaseRows(
                            phases: part.scratch + (channel - channels.lowerBound) * ldc,
                            pitch: phasePitch, stride: geometry.stride.width, row: plane, count: 0),
                        pieces)
                }
                if operands.isPlain { continue }
                for piece in pieces { operands.finish(plane + piece.to, count: piece.count) }
            }
        }
    }

    /// The outputs of some pixels, the same for every channel.
    private func pieces(of pixels: Range<Int>) -> [PhasePiece] {
        let size = geometry.outputSize, step = geometry.stride
        let widths = min(step.width, size.width)
        let rows = PixelBlock(pixels, of: packer.grid.size, oneRowBands: true).rows
        var pieces: [PhasePiece] = [], done = 0
        pieces.reserveCapacity(rows.count * phases.count / widths)
        for row in rows {
            let left = row.x.lowerBound * step.width
            let right = min(row.x.upperBound * step.width, size.width)
            for phase in stride(from: 0, to: phases.count, by: widths) {
                let z = row.z * step.depth + phases[phase].residue.depth
                let y = row.y * step.height + phases[phase].residue.height
                guard z < size.depth, y < size.height else { continue }
                pieces.append(
                    PhasePiece(
                        from: phase * phasePitch + done,
                        to: (z * size.height + y) * size.width + left, count: right - left))
            }
            done += row.x.count
        }
        return pieces
    }
}
