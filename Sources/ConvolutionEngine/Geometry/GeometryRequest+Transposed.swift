// SPDX-License-Identifier: Apache-2.0

/// What the size of a transposed output selects: PyTorch's output padding, ONNX's padding.
extension GeometryRequest {
    /// One size for each spatial dimension, nil where none was asked for. Sizes of batch and channels
    /// in front are passed over, as `torch.nn.ConvTransposeNd.forward(output_size=)` does.
    func checkedOutputSize(
        _ form: ConvolutionGeometry.Form
    ) throws(ConvolutionError) -> [Int]? {
        let sent = options.outputSize
        guard !sent.isEmpty else { return nil }
        guard direction == .transposed else {
            throw .invalid(
                field: "output_size",
                reason: "output_size is \(Spelling.parameter(sent)), which only transposed "
                    + "convolutions have; leave it out, or use conv_transpose\(spatialRank)d")
        }
        let isWhole = form != .plain && sent.count == input.count
        return try resolve(
            Parameter(
                field: "output_size", values: isWhole ? Array(sent.suffix(spatialRank)) : sent,
                standard: 1, minimum: 1, cure: "an output has at least 1 element"))
    }

    /// `in · stride` for each dimension.
    func strided(_ axes: [Axis]) throws(ConvolutionError) -> [Int] {
        var sizes: [Int] = []
        for axis in axes {
            guard let size = SizeLimit.product([axis.input, axis.stride]) else {
                throw strideError(axis)
            }
            sizes.append(size)
        }
        return sizes
    }

    /// Padding is given: the output padding is what is missing to each size (PyTorch's meaning).
    func selectOutputPadding(_ axes: [Axis], sizes: [Int]) throws(ConvolutionError) -> [Axis] {
        guard options.outputPadding.isEmpty else {
            throw .invalid(
                field: "output_padding",
                reason: "output_padding and output_size are both given, and with numbers for "
                    + "padding output_size selects the output padding; leave one of them out")
        }
        var selected: [Axis] = []
        for (axis, size) in zip(axes, sizes) {
            guard let uncropped = axis.uncroppedOutput else { throw strideError(axis) }
            let least = uncropped - axis.before - axis.after
            guard size >= least, size - least < axis.stride else {
                throw outputSizeError(axis, max(1, least)...max(1, least + axis.stride - 1))
            }
            var axis = axis
            axis.outputPadding = size - least
            selected.append(axis)
        }
        return selected
    }

    /// Padding is not given: it is what the output has more than each size (ONNX's meaning). Where it
    /// has less, the rest is output padding.
    func selectPadding(
        _ axes: [Axis], sizes: [Int], oddBefore: Bool
    ) throws(ConvolutionError) -> [Axis] {
        var selected: [Axis] = []
        for (axis, size) in zip(axes, sizes) {
            guard let uncropped = axis.uncroppedOutput else { throw strideError(axis) }
            let missing = max(0, size - uncropped)
            let room = max(axis.stride, axis.dilation) - 1 - axis.outputPadding
            guard missing <= max(0, room) else {
                throw outputSizeError(axis, 1...uncropped + max(0, room))
            }
            var axis = axis.padded(max(0, uncropped - size), oddBefore: oddBefore)
            axis.outputPadding += missing
            selected.append(axis)
        }
        return selected
    }

    private func outputSizeError(_ axis: Axis, _ range: ClosedRange<Int>) -> ConvolutionError {
        let sizes =
            range.count == 1
            ? "\(range.lowerBound)" : "between \(range.lowerBound) and \(range.upperBound)"
        return .invalid(
            field: "output_size",
            reason: "output_size is \(Spelling.parameter(options.outputSize)); in "
                + "\(axis.name) it can "
                + "only be \(sizes) (input \(axis.input), stride \(axis.stride), kernel \(axis.kernel), "
                + "dilation \(axis.dilation), padding \(axis.before) + \(axis.after)): use that, or "
                + "another padding or stride")
    }
}
