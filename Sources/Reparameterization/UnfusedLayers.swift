// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Runs one convolution; ``Convolve/run(_:input:weight:bias:)`` unless a test says otherwise.
public typealias ConvolutionRunner =
    (ConvolutionGeometry, Tensor, Tensor, Tensor?) throws(ConvolutionError) -> Tensor

/// A convolution with its tensors, ready for inputs of one shape.
struct BoundConvolution {
    let geometry: ConvolutionGeometry
    let weight: Tensor
    let bias: Tensor?

    init(
        _ direction: ConvolutionGeometry.Direction = .forward, input: Tensor, weight: Tensor,
        bias: Tensor?, options: ConvolutionOptions
    ) throws(ConvolutionError) {
        geometry = try ConvolutionGeometry(
            direction, spatialRank: weight.shape.count - 2, input: input.shape,
            weight: weight.shape, bias: bias?.shape, options: options)
        self.weight = weight
        self.bias = bias
    }

    func output(_ input: Tensor, _ run: ConvolutionRunner) throws(ConvolutionError) -> Tensor {
        try run(geometry, input, weight, bias)
    }
}

/// Layers as a network runs them before they are fused: branches whose outputs are added.
struct UnfusedLayers {
    /// A convolution, or nil for the identity, and the batch norm behind it.
    struct Part {
        let convolution: BoundConvolution?
        let affine: ChannelAffine?
    }

    let parts: [Part]
    let spatialRank: Int

    func output(_ input: Tensor, _ run: ConvolutionRunner) throws(ConvolutionError) -> Tensor {
        var sum: Tensor?
        for part in parts {
            var output = try part.convolution?.output(input, run) ?? input
            if let affine = part.affine {
                output = Elementwise.normalise(output, affine, spatialRank: spatialRank)
            }
            sum = sum.map { Elementwise.sum($0, output) } ?? output
        }
        return sum ?? input
    }
}

extension RepVGGBlock {
    /// The options with which a kernel of this size is run: half of it as padding.
    func options(kernel: [Int], groups: Int) -> ConvolutionOptions {
        var options = ConvolutionOptions()
        options.stride = stride
        options.groups = groups
        options.padding = .pairs(FusedConvolution.centredPadding(kernel: kernel))
        return options
    }

    /// The branches, each for itself, bound to an input.
    func unfused(_ shape: BlockShape, input: Tensor) throws -> UnfusedLayers {
        let parts = try branches.enumerated().map { index, branch in
            UnfusedLayers.Part(
                convolution: try bound(branch, shape.kernels[index], shape, input),
                affine: try branch.bn?.affine(
                    channels: shape.outputChannels, at: ["branches", "\(index)", "bn"]))
        }
        return UnfusedLayers(parts: parts, spatialRank: shape.spatialRank)
    }

    private func bound(
        _ branch: Branch, _ kernel: [Int], _ shape: BlockShape, _ input: Tensor
    ) throws(ConvolutionError) -> BoundConvolution? {
        switch branch.kind {
        case .identity: return nil
        case .conv(let weight, let bias):
            return try BoundConvolution(
                input: input, weight: weight, bias: bias,
                options: options(kernel: kernel, groups: shape.groups))
        case .averagePool:
            // A pool is a depthwise convolution, which knows nothing of the block's groups.
            let mean = 1 / Double(kernel.reduce(1, *))
            let weightShape = [shape.outputChannels, 1] + kernel
            let values = Array(repeating: mean, count: weightShape.reduce(1, *))
            return try BoundConvolution(
                input: input,
                weight: Tensor(shape: weightShape, rounding: values, to: shape.dtype), bias: nil,
                options: options(kernel: kernel, groups: shape.outputChannels))
        }
    }
}
