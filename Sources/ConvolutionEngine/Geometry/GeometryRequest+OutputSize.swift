// SPDX-License-Identifier: Apache-2.0

/// Whether kernel, padding and input fit together, and what comes out.
extension GeometryRequest {
    /// The output's spatial sizes, all at least 1, and their product with batch and channels legal.
    func checkedOutputs(
        _ axes: [Axis], _ channels: Channels
    ) throws(ConvolutionError) -> [Int] {
        var outputs: [Int] = []
        for axis in axes {
            outputs.append(
                direction == .forward ? try checkedForward(axis) : try checkedTransposed(axis))
        }
        guard SizeLimit.product([channels.batch, channels.output] + outputs) != nil else {
            throw outputTooLargeError(axes, channels, outputs)
        }
        return outputs
    }

    /// The multiply-accumulates of the definition.
    func checkedWork(
        _ axes: [Axis], _ channels: Channels, outputs: [Int]
    ) throws(ConvolutionError) -> Int {
        let positions = direction == .forward ? outputs : axes.map(\.input)
        // The channels on one side are all visited, on the other those of one group.
        let (visited, perGroup) =
            direction == .forward
            ? (channels.output, channels.input / channels.groups)
            : (channels.input, channels.output / channels.groups)
        let factors = [channels.batch, visited, perGroup] + positions + kernelSizes
        guard SizeLimit.overflowChecked(factors.map { max($0, 1) }) != nil else {
            throw workError(axes, outputs)
        }
        return factors.reduce(1, *)
    }

    private func checkedForward(_ axis: Axis) throws(ConvolutionError) -> Int {
        guard axis.kernelExtent <= axis.paddedInput else {
            throw .invalid(
                field: "weight",
                reason: "the kernel covers \(axis.kernelExtent) elements of \(axis.name) (kernel "
                    + "\(axis.kernel), dilation \(axis.dilation)), but the padded input has "
                    + "\(axis.paddedInput) (\(axis.input) and padding \(axis.before) + "
                    + "\(axis.after)); use a smaller kernel or dilation, or "
                    + "\(axis.kernelExtent - axis.paddedInput) more padding")
        }
        return axis.forwardOutput
    }

    private func checkedTransposed(_ axis: Axis) throws(ConvolutionError) -> Int {
        guard axis.outputPadding < max(axis.stride, axis.dilation) else {
            throw .invalid(
                field: "output_padding",
                reason:
                    "output_padding is \(Spelling.parameter(options.outputPadding)); in \(axis.name) it "
                    + "must be smaller than the larger of stride \(axis.stride) and dilation "
                    + "\(axis.dilation): use at most \(max(axis.stride, axis.dilation) - 1)")
        }
        guard let uncropped = axis.uncroppedOutput else { throw strideError(axis) }
        guard axis.before + axis.after < uncropped else { throw croppedAwayError(axis, uncropped) }
        return uncropped - axis.before - axis.after
    }
}
