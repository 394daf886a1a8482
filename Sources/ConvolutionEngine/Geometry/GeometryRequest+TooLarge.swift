// SPDX-License-Identifier: Apache-2.0

/// Messages for outputs that are too large to exist, or cut away to nothing.
extension GeometryRequest {
    func extentError(_ name: String, kernel: Int, dilation: Int) -> ConvolutionError {
        .invalid(
            field: "dilation",
            reason:
                "dilation is \(Spelling.parameter(options.dilation)), which spreads the \(kernel) taps "
                + "of \(name) over more than \(SizeLimit.spelled) elements; use a smaller one")
    }

    func strideError(_ axis: Axis) -> ConvolutionError {
        .invalid(
            field: "stride",
            reason:
                "stride is \(Spelling.parameter(options.stride)), which spreads \(axis.input) elements "
                + "of \(axis.name) over an output of more than \(SizeLimit.spelled); "
                + "use a smaller one")
    }

    func croppedAwayError(_ axis: Axis, _ uncropped: Int) -> ConvolutionError {
        .invalid(
            field: "padding",
            reason: "padding cuts \(axis.before) + \(axis.after) off the \(uncropped) elements of "
                + "\(axis.name) that \(operation) makes (input \(axis.input), stride \(axis.stride), "
                + "kernel \(axis.kernel), dilation \(axis.dilation), output_padding "
                + "\(axis.outputPadding)), and nothing is left; cut off at most \(uncropped - 1)")
    }

    func outputTooLargeError(
        _ axes: [Axis], _ channels: Channels, _ outputs: [Int]
    ) -> ConvolutionError {
        let field = largestCause(axes)
        let shape = [channels.batch, channels.output] + outputs
        return .invalid(
            field: field,
            reason: "the output would have shape \(shape), more than \(SizeLimit.spelled) elements"
                + "\(Self.zeroNote(shape)), the most a tensor may have; use a smaller \(field)")
    }

    func workError(_ axes: [Axis], _ outputs: [Int]) -> ConvolutionError {
        let field = largestCause(axes)
        return .invalid(
            field: field,
            reason: "input shape \(input) and weight shape \(weight) with an output of size "
                + "\(Spelling.parameter(outputs)) take more than 2^63 multiply-accumulates; "
                + "use a smaller \(field)")
    }

    /// The parameter that makes an output grow most, or the input where none does.
    private func largestCause(_ axes: [Axis]) -> String {
        let growth = axes.map {
            direction == .forward
                ? [("padding", $0.before + $0.after)]
                : [
                    ("stride", ($0.input - 1) * ($0.stride - 1)),
                    ("dilation", ($0.dilation - 1) * ($0.kernel - 1)),
                    ("output_padding", $0.outputPadding),
                ]
        }
        guard let most = growth.joined().max(by: { $0.1 < $1.1 }), most.1 > 0 else {
            return "input"
        }
        return most.0
    }
}
