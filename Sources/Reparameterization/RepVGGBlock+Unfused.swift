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
                let affine = try branch.bn?.affine(
                    channels: shape.outputChannels, at: ["branches", "\(index)", "bn"])
                return affine.map { .chain([layer, .normalise($0)]) } ?? layer
            })
    }
}

extension ConvolutionOptions {
    /// Those with which a kernel that sees so much is run in a block: half of it as padding.
    static func centred(_ extent: [Int], groups: Int, stride: [Int]) -> ConvolutionOptions {
        var options = ConvolutionOptions()
        options.stride = stride
        options.groups = groups
        options.padding = .pairs(FusedConvolution.centredPadding(kernel: extent))
        return options
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
            // A pool is a depthwise convolution, which knows nothing of the block's groups.
            let mean = 1 / Double(extent.reduce(1, *))
            let weightShape = [outputs, 1] + extent
            let values = Array(repeating: mean, count: weightShape.reduce(1, *))
            return .convolution(
                try BoundConvolution(
                    input: input, weight: Tensor(shape: weightShape, rounding: values, to: dtype),
                    bias: nil, options: .centred(extent, groups: outputs, stride: stride)))
        }
    }
}
