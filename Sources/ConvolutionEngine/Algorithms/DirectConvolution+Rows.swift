// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Few output channels: tiles of rows of one of them.
extension DirectConvolution {
    /// Planes that the row kernel sums: slices, with their rows of taps where each is for itself.
    var planes: Int {
        blocks.isolatesRows ? slices * geometry.kernel.height : slices
    }

    /// Rows that the kernel sees of a plane, for a number of output rows.
    func rowsOfPlane(_ count: Int) -> Int { (count - 1) * blocks.step + blocks.taps }

    /// Every output channel of a group, from the same table of rows.
    func sumRows(
        _ block: DirectBlock, _ input: UnsafePointer<Scalar>,
        _ output: UnsafeMutablePointer<Scalar>, _ weights: WeightSet<Scalar>.Given,
        _ scratch: DirectScratch<Scalar>
    ) {
        let m = geometry.outputChannelsPerGroup, width = geometry.outputSize.width
        let first = block.image % geometry.groups * m
        weights.withPointers { weight, bias in
            for residue in 0..<min(blocks.residues, block.y.count) {
                let count = (block.y.count - residue + blocks.residues - 1) / blocks.residues
                fillTable(block, residue, rowsOfPlane(count), input, scratch)
                for o in 0..<m {
                    let w = weight + (first + o) * k
                    kernels.rows.sumRows(
                        RowOperands(
                            rows: scratch.rows, planePitch: rowsOfPlane(count), planes: planes,
                            step: blocks.step, taps: blocks.taps, columns: scratch.offsets,
                            columnCount: geometry.kernel.width,
                            inside: inside(block, residue, rowsOfPlane(count), w), weights: w,
                            start: (bias?[first + o] ?? sumStart) + startCorrection,
                            chunk: max(1, 256 / blocks.taps),
                            output: output + o * geometry.outputSize.count + residue * width,
                            outputPitch: blocks.residues * width, count: count,
                            width: block.x.count, edge: scratch.edge))
                }
            }
        }
    }

    /// Where the rows of every plane begin, for the output rows of one residue.
    private func fillTable(
        _ block: DirectBlock, _ residue: Int, _ count: Int, _ input: UnsafePointer<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) {
        let alone = blocks.isolatesRows
        let g = geometry, size = g.inputSize
        let top = block.y.lowerBound * g.stride.height - g.paddingBefore.height
        let between = alone ? g.stride.height : g.dilation.height
        var to = scratch.rows
        for plane in 0..<planes {
            let slice = alone ? plane / g.kernel.height : plane
            let first = alone ? plane % g.kernel.height * g.dilation.height : residue
            if blocks.copies {
                let rows = scratch.planes + slice * blocks.windowRows * blocks.rowPitch
                for i in 0..<count {
                    to[i] = UnsafePointer(rows + (first + i * between) * blocks.rowPitch)
                }
            } else {
                let z =
                    block.z * g.stride.depth + slice % g.kernel.depth * g.dilation.depth
                    - g.paddingBefore.depth
                let height = z >= 0 && z < size.depth ? size.height : 0
                let rows =
                    input + (slice / g.kernel.depth * size.depth + z) * size.height * size.width
                    + block.x.lowerBound
                for i in 0..<count {
                    let y = top + first + i * between
                    to[i] =
                        y >= 0 && y < height ? rows + y * size.width : UnsafePointer(scratch.zeros)
                }
            }
            to += count
        }
    }

    /// Whether rows of padding may be passed over: windows that are not unrolled are walked row by row.
    private var passesPadding: Bool {
        !(blocks.taps <= 3 || blocks.taps == 5 || blocks.taps == 7)
    }

    /// Makes +0 of −0 where padding is passed over: which of its products, all ±0, are in a sum depends on
    /// where the block ends, and to +0 they add nothing.
    private var startCorrection: Scalar { passesPadding ? .zero : -.zero }

    /// The rows of a plane that are not padding; all, where a weight times 0 is not 0.
    private func inside(
        _ block: DirectBlock, _ residue: Int, _ count: Int, _ weights: UnsafePointer<Scalar>
    ) -> Range<Int> {
        if !passesPadding { return 0..<count }
        let apart = geometry.dilation.height
        let top = block.y.lowerBound - geometry.paddingBefore.height + residue
        let low = min(count, max(0, (apart - 1 - top) / apart))
        let high = max(low, min(count, (geometry.inputSize.height - top + apart - 1) / apart))
        if low == 0 && high == count { return 0..<count }
        return UnsafeBufferPointer(start: weights, count: k).isFinite ? low..<high : 0..<count
    }
}

/// More output channels: tiles of four of them by some vectors of pixels.
extension DirectConvolution {
    func sumChannels(
        _ block: DirectBlock, _ input: UnsafePointer<Scalar>,
        _ output: UnsafeMutablePointer<Scalar>, _ weights: WeightPanels<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) {
        let m = geometry.outputChannelsPerGroup, mr = kernels.rows.channels
        let group = block.image % geometry.groups
        let a = weights.panels(ofGroup: group), bias = weights.bias(ofGroup: group)
        let count = fillPlaces(block, scratch.places)
        let size = geometry.inputSize
        let top = block.y.lowerBound * geometry.stride.height
        let start = (block.z * geometry.stride.depth * size.height + top) * size.width
        let windows =
            blocks.copies
            ? UnsafePointer(scratch.planes) : input + start + block.x.lowerBound
        for o in stride(from: 0, to: m, by: mr) {
            kernels.rows.sumChannels(
                ChannelOperands(
                    a: a + o * k, depth: k, chunk: 256, bias: bias + o, windows: windows,
                    offsets: scratch.offsets,
                    places: UnsafeBufferPointer(start: scratch.places, count: count),
                    width: min(kernels.lanes, block.x.count), rows: min(mr, m - o),
                    output: output + o * geometry.outputSize.count,
                    outputPitch: geometry.outputSize.count, edge: scratch.edge))
        }
    }

    /// The vectors that cover a block; the last one of a row is moved back over the one before.
    private func fillPlaces(_ block: DirectBlock, _ places: UnsafeMutablePointer<VectorPlace>)
        -> Int
    {
        let lanes = kernels.lanes, width = block.x.count
        let pitch = blocks.copies ? blocks.rowPitch : geometry.inputSize.width
        var count = 0
        for y in 0..<block.y.count {
            let from = y * geometry.stride.height * pitch, to = y * geometry.outputSize.width
            for x in stride(from: 0, to: width, by: lanes) {
                let x = max(0, min(x, width - lanes))
                places[count] = VectorPlace(from: from + x, to: to + x)
                count += 1
            }
        }
        return count
    }
}
