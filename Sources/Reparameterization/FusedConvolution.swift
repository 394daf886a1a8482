// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One convolution that does what several layers did.
public struct FusedConvolution: Sendable {
    /// In the layout and dtype of the weights that were fused.
    public let weight: Tensor
    /// `[C_out]`; there is one even where nothing fused had any.
    public let bias: Tensor
    /// `[C_in]`: what the input's border is to be filled with in place of zeros, channel by channel, for a batch norm
    /// in front of a padded convolution; else nil.
    public let paddingValue: Tensor?

    /// The weight and bias of one convolution.
    public init(weight: Tensor, bias: Tensor, paddingValue: Tensor? = nil) {
        self.weight = weight
        self.bias = bias
        self.paddingValue = paddingValue
    }

    /// `[before, after]` for each spatial dimension with which a fused block equals its branches,
    /// where each of these has half its own kernel as padding (a 1×1 and the identity none).
    public var centredPadding: [[Int]] { Self.centredPadding(kernel: weight.shape.dropFirst(2)) }

    static func centredPadding(kernel: some Sequence<Int>) -> [[Int]] {
        kernel.map { [($0 - 1) / 2, $0 - 1 - ($0 - 1) / 2] }
    }
}
