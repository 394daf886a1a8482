// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The parameters of a convolution as sent, by PyTorch's names or ONNX's; only the types of its values
/// are checked.
struct ConvolutionParameters: Equatable, Sendable {
    var stride: [Int] = []
    var dilation: [Int] = []
    var groups = 1
    var outputPadding: [Int] = []
    var outputSize: [Int] = []
    var padding: ConvolutionOptions.Padding?
    var autoPad: AutoPadWord?
    var paddingMode: PaddingModeWord?
    var paddingValue: Double?
    var flipsKernel = false
    var activation = Activation.none
    var algorithm: Algorithm?
    var precision = Precision.standard
    var kernelShape: [Int] = []
    /// What of these was sent, for the fields that have two names.
    var sent = FieldSet<ConvolutionField>()

    /// Whether none was sent.
    var isEmpty: Bool { sent.isEmpty }

    /// The engine's options.
    func options() throws(RequestFailure) -> ConvolutionOptions {
        try checkNames()
        var options = ConvolutionOptions()
        options.stride = stride
        options.dilation = dilation
        options.groups = groups
        options.outputPadding = outputPadding
        options.outputSize = outputSize
        options.padding = padding ?? autoPad?.padding ?? unspecifiedPadding
        options.border = try border()
        options.flipsKernel = flipsKernel
        options.activation = activation
        options.algorithm = algorithm
        options.precision = precision
        return options
    }

    /// ONNX's `output_shape` without padding derives it; PyTorch's `output_size` means none.
    private var unspecifiedPadding: ConvolutionOptions.Padding {
        sent.contains(.outputShape) ? .derived : .symmetric([])
    }

    private func border() throws(RequestFailure) -> Border {
        guard paddingValue == nil || paddingMode == .constant else {
            throw .field(
                pointer: "/padding_value",
                reason: """
                    padding_value is given, but padding_mode is "\(paddingMode?.name ?? "zeros")"; \
                    set padding_mode to "constant", or leave padding_value out
                    """)
        }
        return paddingMode?.border(value: paddingValue ?? 0) ?? .zeros
    }
}

/// Two names for one thing.
extension ConvolutionParameters {
    private static let aliases: [(torch: ConvolutionField, onnx: ConvolutionField)] = [
        (.stride, .strides), (.dilation, .dilations), (.groups, .group),
        (.outputSize, .outputShape), (.padding, .pads),
    ]

    private func checkNames() throws(RequestFailure) {
        for (torch, onnx) in Self.aliases where sent.contains(torch) && sent.contains(onnx) {
            throw both(torch, onnx)
        }
        guard let autoPad, autoPad != .notSet else { return }
        for other in [ConvolutionField.padding, .pads] where sent.contains(other) {
            throw both(other, .autoPad)
        }
    }

    private func both(_ one: ConvolutionField, _ other: ConvolutionField) -> RequestFailure {
        .field(
            pointer: "/\(other.name)",
            reason: "\"\(one.name)\" and \"\(other.name)\" are both given and mean the same; "
                + "leave one of them out")
    }

    /// `kernel_shape` only repeats what the weight says.
    func checkKernelShape(
        _ weight: [Int], _ operation: ConvolutionOperation
    ) throws(RequestFailure) {
        let kernel = Array(weight.suffix(operation.spatialRank))
        guard !kernelShape.isEmpty, kernelShape != kernel else { return }
        throw .field(
            pointer: "/kernel_shape",
            reason: "kernel_shape is \(kernelShape), but the weight's kernel is \(kernel) "
                + "(weight shape \(weight)); leave kernel_shape out, or send that")
    }

    /// The engine's refusal, at the name that the caller used.
    func failure(_ error: ConvolutionError) -> RequestFailure {
        var name = error.field
        for (torch, onnx) in Self.aliases
        where torch.name.description == name && sent.contains(onnx) {
            name = onnx.name.description
        }
        if name == "padding", !sent.contains(.padding), sent.contains(.autoPad) {
            name = "auto_pad"
        }
        return .field(pointer: "/" + name, reason: error.reason)
    }
}
