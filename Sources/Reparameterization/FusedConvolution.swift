// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One convolution that does what several layers did.
public struct FusedConvolution: Sendable {
    /// In the layout and dtype of the weights that were fused.
    public let weight: Tensor
    /// `[C_out]`; there is one even where nothing fused had any.
    public let bias: Tensor

    /// The weight and bias of one convolution.
    public init(weight: Tensor, bias: Tensor) {
        self.weight = weight
        self.bias = bias
    }

    /// `[before, after]` for each spatial dimension with which a fused block equals its branches,
    /// where each of these has half its own kernel as padding (a 1×1 and the identity none).
    public var centredPadding: [[Int]] { Self.centredPadding(kernel: weight.shape.dropFirst(2)) }

    static func centredPadding(kernel: some Sequence<Int>) -> [[Int]] {
        kernel.map { [($0 - 1) / 2, $0 - 1 - ($0 - 1) / 2] }
    }
}
