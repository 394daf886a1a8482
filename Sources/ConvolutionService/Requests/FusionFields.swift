// SPDX-License-Identifier: Apache-2.0

/// What is made one convolution, by its name below `/v1/fuse/`.
enum FusionOperation: Int, CaseIterable, Sendable {
    case convBN, bnConv, repVGG, sequential, concat, padKernel, identityToConv, averagePoolToConv,
        dilateToDense

    /// The fields of its requests, beside those that all have.
    private var ownFields: FieldSet<FusionField> {
        switch self {
        case .convBN: FieldSet(.weight, .bias, .bn, .transposed, .groups)
        case .bnConv: FieldSet(.weight, .bias, .bn, .groups, .padding, .border)
        case .repVGG: FieldSet(.branches, .groups, .stride)
        case .sequential: FieldSet(.layers, .border)
        case .concat: FieldSet(.branches, .stride)
        case .padKernel: FieldSet(.weight, .bias, .groups, .kernelSize)
        case .dilateToDense: FieldSet(.weight, .bias, .groups, .dilation)
        case .identityToConv: FieldSet(.channels, .groups, .kernelSize, .dtype)
        case .averagePoolToConv:
            FieldSet(
                .channels, .groups, .kernelSize, .dtype, .countIncludePad, .ceilMode,
                .divisorOverride)
        }
    }

    /// The tensor that a body of one tensor is.
    var mainTensor: StaticString { ownFields.contains(.weight) ? "weight" : "input" }

    /// The fields that only others have.
    var foreignFields: FieldSet<FusionField> {
        ownFields.union(FieldSet(.verify, .input, .inputSize, .format)).complement
    }
}

/// The fields of `fuse/*`.
enum FusionField: Int, RequestField {
    case weight, bias, bn, transposed, branches, layers, channels, kernelSize, groups, stride,
        padding,
        border
    case dilation, countIncludePad, ceilMode, divisorOverride, dtype
    case verify, input, inputSize, format

    var name: StaticString {
        switch self {
        case .weight: "weight"
        case .bias: "bias"
        case .bn: "bn"
        case .transposed: "transposed"
        case .branches: "branches"
        case .layers: "layers"
        case .channels: "channels"
        case .kernelSize: "kernel_size"
        case .groups: "groups"
        case .stride: "stride"
        case .padding: "padding"
        case .border: "border"
        case .dilation: "dilation"
        case .countIncludePad: "count_include_pad"
        case .ceilMode: "ceil_mode"
        case .divisorOverride: "divisor_override"
        case .dtype: "dtype"
        case .verify: "verify"
        case .input: "input"
        case .inputSize: "input_size"
        case .format: "format"
        }
    }
}

/// The fields of a batch norm.
enum BatchNormField: Int, RequestField {
    case weight, bias, runningMean, runningVar, eps

    var name: StaticString {
        switch self {
        case .weight: "weight"
        case .bias: "bias"
        case .runningMean: "running_mean"
        case .runningVar: "running_var"
        case .eps: "eps"
        }
    }
}

/// The fields of one branch of a block.
enum BranchField: Int, RequestField {
    case kind, weight, bias, kernelSize, dilation, bn

    var name: StaticString {
        switch self {
        case .kind: "kind"
        case .weight: "weight"
        case .bias: "bias"
        case .kernelSize: "kernel_size"
        case .dilation: "dilation"
        case .bn: "bn"
        }
    }
}

/// What a branch does before its batch norm.
enum BranchKind: Int, RequestField {
    case conv, identity, averagePool

    var name: StaticString {
        switch self {
        case .conv: "conv"
        case .identity: "identity"
        case .averagePool: "avg_pool"
        }
    }
}

/// What becomes of zeros around a convolution behind a batch norm.
enum BorderWord: Int, RequestField {
    case refuse, paddingValue

    var name: StaticString {
        switch self {
        case .refuse: "refuse"
        case .paddingValue: "padding_value"
        }
    }
}

/// What stands around the input of a padded layer behind others.
enum SequentialBorderWord: Int, RequestField {
    case zeros, bias

    var name: StaticString {
        switch self {
        case .zeros: "zeros"
        case .bias: "bias"
        }
    }
}

/// The fields of one layer of a sequence.
enum LayerField: Int, RequestField {
    case weight, bias, bn, stride, padding, dilation, groups

    var name: StaticString {
        switch self {
        case .weight: "weight"
        case .bias: "bias"
        case .bn: "bn"
        case .stride: "stride"
        case .padding: "padding"
        case .dilation: "dilation"
        case .groups: "groups"
        }
    }
}
