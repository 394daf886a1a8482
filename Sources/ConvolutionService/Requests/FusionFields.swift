// SPDX-License-Identifier: Apache-2.0

/// The fields of `fuse/conv_bn` and `fuse/repvgg`.
enum FusionField: Int, RequestField {
    case weight, bias, bn, transposed, branches, groups, stride
    case verify, input, inputSize, format

    var name: StaticString {
        switch self {
        case .weight: "weight"
        case .bias: "bias"
        case .bn: "bn"
        case .transposed: "transposed"
        case .branches: "branches"
        case .groups: "groups"
        case .stride: "stride"
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
    case kind, weight, bias, kernelSize, bn

    var name: StaticString {
        switch self {
        case .kind: "kind"
        case .weight: "weight"
        case .bias: "bias"
        case .kernelSize: "kernel_size"
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
