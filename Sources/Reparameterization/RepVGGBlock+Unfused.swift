// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension RepVGGBlock: Fusable {
    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.repVGG(self) }

    package func inputForm() throws(FusionError) -> InputForm {
        let shape = try checkedShape()
        return InputForm(
            channels: shape.inputChannels, spatialRank: shape.spatialRank, dtype: shape.dtype)
    }

    package func unfused(input: [Int]) throws -> LayerForm {
        try unfused(checkedShape(), input: input)
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        let shape = try checkedShape()
        return .convolution(
            try BoundConvolution(
                input: input, weight: fused.weight, bias: fused.bias,
                options: .centred(shape.kernel, groups: shape.groups, stride: stride)))
    }

    /// The branches, each for itself.
    private func unfused(_ shape: BlockShape, input: [Int]) throws -> LayerForm {
        .sum(
            try branches.enumerated().map { index, branch in
                let layer = try branch.form(
                    shape.kernels[index], outputs: shape.outputChannels, groups: shape.groups,
                    stride: stride, dtype: shape.dtype, input: input)
                return layer.followed(
                    by: try branch.affine(index, channels: shape.outputChannels))
            })
    }
}

extension Branch {
    /// The checked branch for itself, for inputs of a shape.
    func form(
        _ extent: [Int], outputs: Int, groups: Int, stride: [Int], dtype: DType, input: [Int]
    ) throws(ConvolutionError) -> LayerForm {
        switch kind {
        case .identity: return .identity
        case .conv(let weight, let bias, let dilation):
            var options = ConvolutionOptions.centred(extent, groups: groups, stride: stride)
            options.dilation = dilation
            return .convolution(
                try BoundConvolution(input: input, weight: weight, bias: bias, options: options))
        case .averagePool:
            return try .averagePool(
                extent, divisor: nil, channels: outputs, dtype: dtype,
                .centred(extent, groups: outputs, stride: stride), input: input)
        }
    }

    /// The checked batch norm, where this is a block's branch of that index.
    func affine(_ index: Int, channels: Int) throws(FusionError) -> ChannelAffine? {
        try bn?.affine(channels: channels, at: ["branches", "\(index)", "bn"])
    }
}
