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

    /// Every output channel of some images. Where the table of rows is the same for all of them, the kernel
    /// goes from one to the next by itself.
    func sumRows(
        _ block: DirectBlock, _ images: Range<Int>, _ input: UnsafePointer<Scalar>,
        _ output: UnsafeMutablePointer<Scalar>, _ weight: UnsafePointer<Scalar>,
        _ bias: UnsafePointer<Scalar>?, _ scratch: DirectScratch<Scalar>
    ) {
        let m = geometry.outputChannelsPerGroup
        let imagePitch = geometry.inputChannelsPerGroup * geometry.inputSize.count
        let together =
            (blocks.copies ? slices : planes) == 1 && blocks.residues == 1 && !passesPadding
        var image = images.lowerBound
        while image < images.upperBound {
            let group = image % geometry.groups
            let count =
                together ? min(images.upperBound - image, geometry.groups - group) : 1
            let place = image - images.lowerBound
            let values = input + place * imagePitch
            if blocks.copies && !together { fill(block, values, scratch) }
            for residue in 0..<min(blocks.residues, block.y.count) {
                var rows = operands(block, residue, values, scratch)
                rows.weights = weight + group * m * k
                rows.starts = bias.map { $0 + group * m }
                rows.output.first =
                    output + place * m * geometry.outputSize.count
                    + residue * geometry.outputSize.width
                if together {
                    if blocks.copies { rows.fill = padded(0, block, values, scratch) }
                    (rows.images, rows.imagePitch) = (count, imagePitch)
                }
                if blocks.rolls {
                    kernels.rows.rollRows(rows)
                } else if passesPadding {
                    sumPassing(block, residue, rows)
                } else {
                    kernels.rows.sumRows(rows)
                }
            }
            image += count
        }
    }

    /// One output channel at a time, with a look at its weights.
    private func sumPassing(_ block: DirectBlock, _ residue: Int, _ rows: RowOperands<Scalar>) {
        var rows = rows
        rows.output.channels = 1
        for _ in 0..<geometry.outputChannelsPerGroup {
            rows.inside = inside(block, residue, rows.planePitch, rows.weights)
            kernels.rows.sumRows(rows)
            rows.weights += k
            rows.starts = rows.starts.map { $0 + 1 }
            rows.output.first += geometry.outputSize.count
        }
    }

    /// What is the same for all output channels, with the table of rows filled.
    private func operands(
        _ block: DirectBlock, _ residue: Int, _ input: UnsafePointer<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) -> RowOperands<Scalar> {
        let count = (block.y.count - residue + blocks.residues - 1) / blocks.residues
        let inside = fillTable(block, residue, rowsOfPlane(count), input, scratch)
        var operands = RowOperands(
            rows: scratch.rows, planePitch: rowsOfPlane(count), planes: planes,
            window: RowWindow(
                step: blocks.step, taps: blocks.taps, columns: scratch.offsets,
                columnCount: geometry.kernel.width, chunk: max(1, 256 / blocks.taps)),
            inside: 0..<rowsOfPlane(count), weights: UnsafePointer(scratch.zeros), starts: nil,
            start: sumStart + startCorrection,
            output: RowOutput(
                first: scratch.edge, pitch: blocks.residues * geometry.outputSize.width,
                count: count, width: block.x.count, channels: geometry.outputChannelsPerGroup,
                channelPitch: geometry.outputSize.count), edge: scratch.edge)
        if planes == 1 { operands.moving = inside }
        if blocks.masks {
            let first =
                geometry.paddingBefore.width - block.x.lowerBound * geometry.stride.width
            operands.border = RowBorder(
                mask: scratch.mask, inside: first..<first + geometry.inputSize.width)
        }
        return operands
    }

    /// Where the rows of every plane begin, for the output rows of one residue. The rows of the last plane that
    /// are the input's own are returned.
    private func fillTable(
        _ block: DirectBlock, _ residue: Int, _ count: Int, _ input: UnsafePointer<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) -> Range<Int> {
        let alone = blocks.isolatesRows
        let g = geometry, size = g.inputSize
        let top = block.y.lowerBound * g.stride.height - g.paddingBefore.height
        let between = alone ? g.stride.height : g.dilation.height
        var to = scratch.rows, inside = 0..<0
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
                    + block.x.lowerBound * g.stride.width - g.paddingBefore.width
                let low = min(count, max(0, (between - 1 - top - first) / between))
                let high = max(low, min(count, (height - top - first + between - 1) / between))
                for i in 0..<low { to[i] = UnsafePointer(scratch.zeros) }
                for i in low..<high { to[i] = rows + (top + first + i * between) * size.width }
                for i in high..<count { to[i] = UnsafePointer(scratch.zeros) }
                inside = low..<high
            }
            to += count
        }
        return inside
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
        let apart = geometry.dilation.height
        let top = block.y.lowerBound - geometry.paddingBefore.height + residue
        let low = min(count, max(0, (apart - 1 - top) / apart))
        let high = max(low, min(count, (geometry.inputSize.height - top + apart - 1) / apart))
        if low == 0 && high == count { return 0..<count }
        return UnsafeBufferPointer(start: weights, count: k).isFinite ? low..<high : 0..<count
    }
}
