// SPDX-License-Identifier: Apache-2.0

/// The spatial dimensions with their padding, whatever way it is told.
extension GeometryRequest {
    /// The spatial dimensions, padded, each kernel's extent checked.
    func checkedAxes(
        _ parameters: Parameters, _ form: ConvolutionGeometry.Form
    ) throws(ConvolutionError) -> [Axis] {
        let axes = try unpaddedAxes(parameters)
        let sizes = try checkedOutputSize(form)
        switch parameters.padding {
        case .numbers(let pairs):
            let padded = zip(axes, pairs).map { $0.padded(before: $1.before, after: $1.after) }
            guard let sizes else { return padded }
            return try selectOutputPadding(padded, sizes: sizes)
        case .same:
            try checkSame(axes)
            return axes.map { $0.padded($0.kernelExtent - 1, oddBefore: false) }
        case .ceiling(let oddBefore):
            return try ceilingAxes(axes, oddBefore: oddBefore, sizes: sizes)
        case .reach(let after):
            let padded = axes.map {
                $0.padded(before: $0.kernelExtent - 1, after: after ? $0.kernelExtent - 1 : 0)
            }
            guard let sizes else { return padded }
            return try selectOutputPadding(padded, sizes: sizes)
        case .derived:
            guard let sizes else { throw missingOutputSizeError() }
            return try selectPadding(axes, sizes: sizes, oddBefore: true)
        }
    }

    private func unpaddedAxes(_ parameters: Parameters) throws(ConvolutionError) -> [Axis] {
        var axes: [Axis] = []
        let inputSizes = inputSizes, kernelSizes = kernelSizes
        for (index, name) in axisNames.enumerated() {
            let kernel = kernelSizes[index], dilation = parameters.dilation[index]
            guard Axis.extent(kernel: kernel, dilation: dilation) != nil else {
                throw extentError(name, kernel: kernel, dilation: dilation)
            }
            axes.append(
                Axis(
                    name: name, input: inputSizes[index], kernel: kernel,
                    stride: parameters.stride[index], dilation: dilation,
                    outputPadding: parameters.outputPadding[index]))
        }
        return axes
    }

    private func ceilingAxes(
        _ axes: [Axis], oddBefore: Bool, sizes: [Int]?
    ) throws(ConvolutionError) -> [Axis] {
        if direction == .forward {
            return axes.map { $0.padded($0.ceilingPadding, oddBefore: oddBefore) }
        }
        if let sizes { return try selectPadding(axes, sizes: sizes, oddBefore: oddBefore) }
        return try selectPadding(axes, sizes: try strided(axes), oddBefore: oddBefore)
    }

    private func checkSame(_ axes: [Axis]) throws(ConvolutionError) {
        guard direction == .forward else {
            throw .invalid(
                field: "padding",
                reason: "padding is \"same\", which \(operation) does not have; for an output of "
                    + "input · stride use \"same_upper\" or \"same_lower\", or give a number or pairs "
                    + "[[before, after], ...], which are cut off its output")
        }
        guard axes.allSatisfy({ $0.stride == 1 }) else {
            throw .invalid(
                field: "padding",
                reason: "padding is \"same\", which needs stride 1, and stride is "
                    + "\(Spelling.parameter(options.stride)); for an output of ceil(input / stride), "
                    + "which TensorFlow and ONNX call same, use \"same_upper\" or \"same_lower\"")
        }
    }

    private func missingOutputSizeError() -> ConvolutionError {
        .invalid(
            field: "output_size",
            reason: "output_size is missing, and without it there is nothing to derive the padding "
                + "from; send one number for each spatial dimension, or the padding itself")
    }
}
