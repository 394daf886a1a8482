// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The fields that describe a convolution: with tensors for an operation, with shapes for `shape`.
enum ConvolutionField: Int, RequestField {
    case input, weight, bias, stride, padding, dilation, groups, outputPadding, outputSize
    case paddingMode, paddingValue, flipKernel, activation, add, algorithm, precision
    case explain, format, operation, dtype, algorithms, layers, gradOutput, needs
    // ONNX's names, one to one.
    case strides, dilations, group, pads, autoPad, outputShape, kernelShape

    var name: StaticString {
        switch self {
        case .input: "input"
        case .weight: "weight"
        case .bias: "bias"
        case .stride: "stride"
        case .padding: "padding"
        case .dilation: "dilation"
        case .groups: "groups"
        case .outputPadding: "output_padding"
        case .outputSize: "output_size"
        case .paddingMode: "padding_mode"
        case .paddingValue: "padding_value"
        case .flipKernel: "flip_kernel"
        case .activation: "activation"
        case .add: "add"
        case .algorithm: "algorithm"
        case .precision: "precision"
        case .explain: "explain"
        case .format: "format"
        case .operation: "operation"
        case .dtype: "dtype"
        case .algorithms: "algorithms"
        case .layers: "layers"
        case .gradOutput: "grad_output"
        case .needs: "needs"
        case .strides: "strides"
        case .dilations: "dilations"
        case .group: "group"
        case .pads: "pads"
        case .autoPad: "auto_pad"
        case .outputShape: "output_shape"
        case .kernelShape: "kernel_shape"
        }
    }

    /// Lists of names show PyTorch's.
    var isListed: Bool { rawValue < Self.strides.rawValue }

    /// Whether a name is that of a field which is no tensor.
    static func isParameter(_ name: String) -> Bool {
        names(excluding: FieldSet(.input, .weight, .bias, .add, .gradOutput)).contains(name)
    }

    /// What the request of an operation does not have.
    static func excluded(for operation: ConvolutionOperation) -> FieldSet<ConvolutionField> {
        let others = FieldSet<ConvolutionField>(
            .operation, .dtype, .algorithms, .layers, .gradOutput, .needs)
        return others.union(transposedOnly(operation))
    }

    /// What the request of an operation's gradients does not have.
    static func excludedBackward(for operation: ConvolutionOperation) -> FieldSet<ConvolutionField>
    {
        let others = FieldSet<ConvolutionField>(
            .operation, .dtype, .algorithms, .layers, .explain)
        return others.union(transposedOnly(operation))
    }

    /// What a comparison does not have.
    static var excludedFromComparison: FieldSet<ConvolutionField> {
        FieldSet(.format, .explain, .dtype, .algorithm, .layers, .gradOutput, .needs)
    }

    /// What the shape of a convolution does not have.
    static var excludedFromShape: FieldSet<ConvolutionField> {
        FieldSet(.format, .add, .explain, .algorithms, .gradOutput, .needs)
    }

    private static func transposedOnly(
        _ operation: ConvolutionOperation
    ) -> FieldSet<ConvolutionField> {
        operation.direction == .forward
            ? FieldSet(.outputPadding, .outputSize, .outputShape) : FieldSet()
    }
}
