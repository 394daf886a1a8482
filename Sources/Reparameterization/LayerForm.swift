// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Runs one convolution; ``Convolve/run(_:input:weight:bias:)`` unless a test says otherwise.
public typealias ConvolutionRunner =
    (ConvolutionGeometry, Tensor, Tensor, Tensor?) throws(ConvolutionError) -> Tensor

/// A convolution with its tensors, ready for inputs of one shape.
package struct BoundConvolution {
    let geometry: ConvolutionGeometry
    let weight: Tensor
    let bias: Tensor?

    init(
        _ direction: ConvolutionGeometry.Direction = .forward, input: [Int], weight: Tensor,
        bias: Tensor?, options: ConvolutionOptions
    ) throws(ConvolutionError) {
        geometry = try ConvolutionGeometry(
            direction, spatialRank: weight.shape.count - 2, input: input,
            weight: weight.shape, bias: bias?.shape, options: options)
        self.weight = weight
        self.bias = bias
    }

    func output(_ input: Tensor, _ run: ConvolutionRunner) throws(ConvolutionError) -> Tensor {
        try run(geometry, input, weight, bias)
    }
}

/// What a network computes, layer by layer.
package indirect enum LayerForm {
    /// The input itself.
    case identity
    case convolution(BoundConvolution)
    /// A batch norm over the channels.
    case normalise(ChannelAffine)
    /// `[before, after]` for each spatial dimension, each channel with a value of its own.
    case pad([[Int]], values: [Double])
    /// One behind the other.
    case chain([LayerForm])
    /// Side by side, their outputs added.
    case sum([LayerForm])
    /// Side by side, their outputs' channels behind each other.
    case concat([LayerForm])

    func output(
        _ input: Tensor, spatialRank: Int, _ run: ConvolutionRunner
    ) throws(ConvolutionError) -> Tensor {
        switch self {
        case .identity: return input
        case .convolution(let convolution): return try convolution.output(input, run)
        case .normalise(let affine):
            return Elementwise.normalise(input, affine, spatialRank: spatialRank)
        case .pad(let pairs, let values): return Elementwise.pad(input, pairs, values: values)
        case .chain(let layers):
            var output = input
            for layer in layers {
                output = try layer.output(output, spatialRank: spatialRank, run)
            }
            return output
        case .sum(let branches):
            var sum: Tensor?
            for branch in branches {
                let output = try branch.output(input, spatialRank: spatialRank, run)
                sum = sum.map { Elementwise.sum($0, output) } ?? output
            }
            return sum ?? input
        case .concat(let branches):
            var outputs: [Tensor] = []
            for branch in branches {
                outputs.append(try branch.output(input, spatialRank: spatialRank, run))
            }
            return Elementwise.concatenated(outputs, spatialRank: spatialRank)
        }
    }

    /// Of the convolutions; what is done element by element is not counted.
    var multiplyAccumulates: Int {
        switch self {
        case .identity, .normalise, .pad: 0
        case .convolution(let convolution): convolution.geometry.multiplyAccumulates
        case .chain(let layers), .sum(let layers), .concat(let layers):
            layers.reduce(0) { $0 + $1.multiplyAccumulates }
        }
    }
}

extension LayerForm {
    /// This and the batch norm behind it, if there is one.
    func followed(by affine: ChannelAffine?) -> LayerForm {
        affine.map { .chain([self, .normalise($0)]) } ?? self
    }

    /// A pool as the depthwise convolution that it is, whatever the groups of the layers beside it.
    ///
    /// - Parameter options: with as many groups as channels
    static func averagePool(
        _ kernel: [Int], divisor: Int?, channels: Int, dtype: DType, _ options: ConvolutionOptions,
        input: [Int]
    ) throws(ConvolutionError) -> LayerForm {
        var mean = WideConvolution(shape: [channels, 1] + kernel, outputChannels: channels)
        mean.addMean(kernel: kernel, divisor: divisor)
        return .convolution(
            try BoundConvolution(
                input: input,
                weight: Tensor(shape: mean.shape, rounding: mean.weight, to: dtype), bias: nil,
                options: options))
    }
}

extension ConvolutionOptions {
    /// Those with which a kernel that sees so much is run in a block: half of it as padding.
    static func centred(_ extent: [Int], groups: Int, stride: [Int] = []) -> ConvolutionOptions {
        var options = ConvolutionOptions()
        options.stride = stride
        options.groups = groups
        options.padding = .pairs(FusedConvolution.centredPadding(kernel: extent))
        return options
    }
}
