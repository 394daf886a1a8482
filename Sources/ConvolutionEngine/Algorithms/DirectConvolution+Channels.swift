// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// More output channels: tiles of four of them by some vectors of pixels.
extension DirectConvolution {
    func sumChannels(
        _ block: DirectBlock, _ images: Range<Int>, _ input: UnsafePointer<Scalar>,
        _ output: UnsafeMutablePointer<Scalar>, _ weights: WeightPanels<Scalar>,
        _ scratch: DirectScratch<Scalar>
    ) {
        let count = fillPlaces(block, scratch.places)
        let places = UnsafeBufferPointer(start: UnsafePointer(scratch.places), count: count)
        for image in images {
            let place = image - images.lowerBound
            let values =
                input + place * geometry.inputChannelsPerGroup * geometry.inputSize.count
            let copy = block.index * geometry.batch * geometry.groups + image
            if blocks.copies && scratch.filled.pointee != copy {
                fill(block, values, scratch)
                scratch.filled.pointee = copy
            }
            sumChannels(
                block, image % geometry.groups, values, places,
                output + place * geometry.outputChannelsPerGroup * geometry.outputSize.count,
                weights, scratch)
        }
    }

    /// The block's output channels of a group.
    private func sumChannels(
        _ block: DirectBlock, _ group: Int, _ input: UnsafePointer<Scalar>,
        _ places: UnsafeBufferPointer<VectorPlace>, _ output: UnsafeMutablePointer<Scalar>,
        _ weights: WeightPanels<Scalar>, _ scratch: DirectScratch<Scalar>
    ) {
        let m = geometry.outputChannelsPerGroup, mr = kernels.rows.channels
        let a = weights.panels(ofGroup: group), bias = weights.bias(ofGroup: group)
        let size = geometry.inputSize
        let top = block.y.lowerBound * geometry.stride.height
        let start = (block.z * geometry.stride.depth * size.height + top) * size.width
        let windows =
            blocks.copies
            ? UnsafePointer(scratch.planes) : input + start + block.x.lowerBound
        for o in stride(from: block.channels.lowerBound, to: block.channels.upperBound, by: mr) {
            kernels.rows.sumChannels(
                ChannelOperands(
                    a: a + o * k, depth: k, chunk: 256, bias: bias + o, windows: windows,
                    offsets: scratch.offsets, places: places,
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
