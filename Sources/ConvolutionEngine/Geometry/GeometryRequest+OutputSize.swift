// SPDX-License-Identifier: Apache-2.0

/// Whether kernel, padding and input fit together, and what comes out.
extension GeometryRequest {
    /// The spatial dimensions, with `same` padding resolved and each kernel's extent checked.
    func checkedAxes(_ parameters: Parameters) throws(ConvolutionError) -> [Axis] {
        var axes: [Axis] = []
        let inputSizes = inputSizes, kernelSizes = kernelSizes
        for (index, name) in axisNames.enumerated() {
            let kernel = kernelSizes[index], dilation = parameters.dilation[index]
            guard let extent = Axis.extent(kernel: kernel, dilation: dilation) else {
                throw extentError(name, kernel: kernel, dilation: dilation)
            }
            let same = (before: (extent - 1) / 2, after: extent - 1 - (extent - 1) / 2)
            let padding = parameters.padding?[index] ?? same
            axes.append(
                Axis(
                    name: name, input: inputSizes[index], kernel: kernel,
                    stride: parameters.stride[index], dilation: dilation, before: padding.before,
                    after: padding.after, outputPadding: parameters.outputPadding[index]))
        }
        if case .same = options.padding { try checkSame(axes) }
        return axes
    }

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

    private func checkSame(_ axes: [Axis]) throws(ConvolutionError) {
        guard direction == .forward else {
            throw .invalid(
                field: "padding",
                reason: "padding is \"same\", which \(operation) does not have; give a number or "
                    + "pairs [[before, after], ...], which are cut off its output")
        }
        guard axes.allSatisfy({ $0.stride == 1 }) else {
            throw .invalid(
                field: "padding",
                reason: "padding is \"same\", which needs stride 1, and stride is "
                    + "\(Spelling.parameter(options.stride)); for an output of ceil(input / stride), which "
                    + "TensorFlow and ONNX call same, give padding as \(axes.map(\.ceilingPadding))"
            )
        }
    }
}
