// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The fields that describe a convolution: with tensors for an operation, with shapes for `shape`.
enum ConvolutionField: Int, RequestField {
    case input, weight, bias, stride, padding, dilation, groups, outputPadding
    case format, operation, dtype

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
        case .format: "format"
        case .operation: "operation"
        case .dtype: "dtype"
        }
    }

    /// What the request of an operation does not have.
    static func excluded(for operation: ConvolutionOperation) -> FieldSet<ConvolutionField> {
        operation.direction == .forward
            ? FieldSet(.operation, .dtype, .outputPadding) : FieldSet(.operation, .dtype)
    }
}

/// The words that `padding` may be; those of the contract that are not served yet among them.
enum PaddingWord: Int, RequestField {
    case valid, same, sameUpper, sameLower, full, causal

    var name: StaticString {
        switch self {
        case .valid: "valid"
        case .same: "same"
        case .sameUpper: "same_upper"
        case .sameLower: "same_lower"
        case .full: "full"
        case .causal: "causal"
        }
    }

    var isServed: Bool { self == .valid || self == .same }
    static var hint: String { ", besides integers and [before, after] pairs" }
    var padding: ConvolutionOptions.Padding { self == .same ? .same : .valid }
}
