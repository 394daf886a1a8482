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
                options: options(kernel: shape.kernel, groups: shape.groups)))
    }

    /// The options with which a kernel of this size is run: half of it as padding.
    private func options(kernel: [Int], groups: Int) -> ConvolutionOptions {
        var options = ConvolutionOptions()
        options.stride = stride
        options.groups = groups
        options.padding = .pairs(FusedConvolution.centredPadding(kernel: kernel))
        return options
    }

    /// The branches, each for itself.
    private func unfused(_ shape: BlockShape, input: [Int]) throws -> LayerForm {
        .sum(
            try branches.enumerated().map { index, branch in
                let layer = try bound(branch, index, shape, input)
                let affine = try branch.bn?.affine(
                    channels: shape.outputChannels, at: ["branches", "\(index)", "bn"])
                return affine.map { .chain([layer, .normalise($0)]) } ?? layer
            })
    }

    private func bound(
        _ branch: Branch, _ index: Int, _ shape: BlockShape, _ input: [Int]
    ) throws(ConvolutionError) -> LayerForm {
        let kernel = shape.kernels[index]
        switch branch.kind {
        case .identity: return .identity
        case .conv(let weight, let bias, let dilation):
            var options = options(kernel: kernel, groups: shape.groups)
            options.dilation = dilation
            return .convolution(
                try BoundConvolution(input: input, weight: weight, bias: bias, options: options))
        case .averagePool:
            // A pool is a depthwise convolution, which knows nothing of the block's groups.
            let mean = 1 / Double(kernel.reduce(1, *))
            let weightShape = [shape.outputChannels, 1] + kernel
            let values = Array(repeating: mean, count: weightShape.reduce(1, *))
            return .convolution(
                try BoundConvolution(
                    input: input,
                    weight: Tensor(shape: weightShape, rounding: values, to: shape.dtype),
                    bias: nil, options: options(kernel: kernel, groups: shape.outputChannels)))
        }
    }
}
