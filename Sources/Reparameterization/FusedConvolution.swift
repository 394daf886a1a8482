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

    /// How it is applied, where the layers had parameters that became others; else nil.
    public let placement: Placement?

    /// The parameters of a convolution; its dilation is 1.
    public struct Placement: Sendable, Equatable {
        /// For each spatial dimension.
        public let stride: [Int]
        /// Zeros on both sides of each spatial dimension.
        public let padding: [Int]
        /// Of its channels.
        public let groups: Int

        /// All of them.
        public init(stride: [Int], padding: [Int], groups: Int) {
            self.stride = stride
            self.padding = padding
            self.groups = groups
        }
    }

    /// The weight and bias of one convolution.
    public init(
        weight: Tensor, bias: Tensor, paddingValue: Tensor? = nil, placement: Placement? = nil
    ) {
        self.weight = weight
        self.bias = bias
        self.paddingValue = paddingValue
        self.placement = placement
    }

    /// `[before, after]` for each spatial dimension with which a fused block equals its branches,
    /// where each of these has half its own kernel as padding (a 1×1 and the identity none).
    public var centredPadding: [[Int]] { Self.centredPadding(kernel: weight.shape.dropFirst(2)) }

    static func centredPadding(kernel: some Sequence<Int>) -> [[Int]] {
        kernel.map { [($0 - 1) / 2, $0 - 1 - ($0 - 1) / 2] }
    }
}
