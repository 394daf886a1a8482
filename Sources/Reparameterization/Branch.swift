// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One of the layers that see the same input and whose outputs are added.
public struct Branch: Sendable {
    /// What the branch computes before its batch norm.
    public enum Kind: Sendable {
        /// A convolution with weight `[C_out, C_in/groups, *kernel]` and bias `[C_out]` or nil; its taps
        /// apart by the dilation: empty for 1, one, or one for each spatial dimension.
        case conv(weight: Tensor, bias: Tensor?, dilation: [Int] = [])
        /// The input itself.
        case identity
        /// The mean of a window, padding counted (`count_include_pad=True`); one size, or one for
        /// each spatial dimension.
        case averagePool(kernelSize: [Int])
    }

    /// What the branch computes before its batch norm.
    public let kind: Kind
    /// The batch norm behind it, or nil.
    public let bn: BatchNorm?

    /// A branch as it was sent; fusing checks it.
    public init(_ kind: Kind, bn: BatchNorm? = nil) {
        self.kind = kind
        self.bn = bn
    }
}

/// Branches on the same input, their outputs added: RepVGG, ACNet, MobileOne, RepLKNet.
public struct RepVGGBlock: Sendable {
    /// At least one of them a convolution.
    public let branches: [Branch]
    /// Of all convolutions.
    public let groups: Int
    /// Of all branches: empty for 1, one, or one for each spatial dimension.
    public let stride: [Int]

    /// A block as it was sent; fusing checks it.
    public init(branches: [Branch], groups: Int = 1, stride: [Int] = []) {
        self.branches = branches
        self.groups = groups
        self.stride = stride
    }
}
