// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Depthwise layers whose rows are short or whose windows are strided: a channel in each lane.
extension DirectConvolution {
    /// Over the cores: images x bands x blocks of channels.
    func runLanes(
        _ blocks: LaneBlocks, _ operands: RunOperands<Scalar>, _ given: WeightSet<Scalar>.Given
    ) {
        let shared = LaneScratch(self, blocks, operands.scratch)
        shared.fillOffsets(geometry, blocks)
        given.withPointers { weight, bias in
            let weights = LaneWeights(weight: weight, bias: bias)
            ParallelTiles.run(
                geometry.batch * blocks.bands * blocks.channelBlocks, threads: threads
            ) { task, worker in
                let plane = task / blocks.bands
                sumBand(
                    blocks, image: plane / blocks.channelBlocks,
                    channel: plane % blocks.channelBlocks * blocks.lanes,
                    row: task % blocks.bands * blocks.rows, operands, weights,
                    shared.worker(worker))
            }
        }
    }

    private func sumBand(
        _ blocks: LaneBlocks, image: Int, channel: Int, row: Int, _ operands: RunOperands<Scalar>,
        _ weights: LaneWeights<Scalar>, _ scratch: LaneScratch<Scalar>
    ) {
        let g = geometry, plane = image * g.groups + channel
        let rows = min(blocks.rows, g.outputSize.height - row)
        let channels = min(blocks.lanes, g.groups - channel)
        let top = row * g.stride.height - g.paddingBefore.height
        let output =
            operands.output + plane * g.outputSize.count + row * g.outputSize.width
        kernels.rows.sumLanes(
            LaneOperands(
                channels: channels,
                field: LaneField(
                    values: operands.input + plane * g.inputSize.count,
                    channelPitch: g.inputSize.count, height: g.inputSize.height,
                    width: g.inputSize.width,
                    rows: top..<top + (rows - 1) * g.stride.height + g.kernelExtent.height,
                    before: g.paddingBefore.width, pitch: blocks.pitch, to: scratch.field),
                weights: weights.weight + channel * k, taps: k,
                starts: weights.bias.map { $0 + channel }, start: sumStart,
                offsets: scratch.offsets, pixels: scratch.pixels,
                rows: laneRows(blocks, row..<row + rows, scratch),
                count: rows * g.outputSize.width, output: output,
                outputPitch: g.outputSize.count, turned: scratch.turned, sums: scratch.sums))
        operands.finish(
            output, rows: channels, pitch: g.outputSize.count, count: rows * g.outputSize.width)
    }
}

/// Rows of outputs that look at neighbouring windows.
extension DirectConvolution {
    private func laneRows(
        _ blocks: LaneBlocks, _ rows: Range<Int>, _ scratch: LaneScratch<Scalar>
    ) -> OutputRows? {
        let g = geometry, taps = g.kernel.width
        guard g.stride.width == 1, g.dilation.width == 1, taps == 5 || taps == 7 else { return nil }
        for (place, row) in rows.enumerated() {
            let top = row * g.stride.height - g.paddingBefore.height
            scratch.spans[place] = StepRange.inside(
                g.inputSize.height, count: g.kernel.height, stride: g.dilation.height, offset: top)
        }
        return OutputRows(
            width: g.outputSize.width, taps: taps,
            step: g.stride.height * blocks.pitch * blocks.lanes,
            tapStep: g.dilation.height * blocks.pitch * blocks.lanes, spans: scratch.spans)
    }
}

/// Weights and bias as they came, for the cores to share.
struct LaneWeights<Scalar>: @unchecked Sendable {
    let weight: UnsafePointer<Scalar>
    let bias: UnsafePointer<Scalar>?
}
