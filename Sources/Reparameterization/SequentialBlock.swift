// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A convolution, perhaps with a batch norm behind it, in a sequence without activations.
public struct SequentialLayer: Sendable {
    /// `[C_out, C_in/groups, *kernel]`
    public let weight: Tensor
    /// `[C_out]`, or nil.
    public let bias: Tensor?
    /// Over C_out, or nil.
    public let bn: BatchNorm?
    /// Empty for 1, one for all spatial dimensions, or one for each; so are the next two.
    public let stride: [Int]
    /// Zeros on both sides; empty for none.
    public let padding: [Int]
    /// Empty for 1.
    public let dilation: [Int]
    /// Of its channels.
    public let groups: Int

    /// The layer as it was sent; fusing checks it.
    public init(
        weight: Tensor, bias: Tensor? = nil, bn: BatchNorm? = nil, stride: [Int] = [],
        padding: [Int] = [], dilation: [Int] = [], groups: Int = 1
    ) {
        self.weight = weight
        self.bias = bias
        self.bn = bn
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
    }
}

/// Convolutions one behind the other: the 1x1 and the kxk of a Diverse Branch Block, depthwise and pointwise, and others.
///
/// Padding belongs to the first of them. Zeros around what a later one gets are not what the layers before it make of
/// zeros around the input, unless these are 1x1 and have no bias; or unless the network pads with their bias, as the
/// `BNAndPadLayer` of Diverse Branch Blocks does (``Border/bias``).
public struct SequentialBlock: Sendable {
    /// What stands around the input of a padded layer that is not the first.
    public enum Border: Sendable {
        /// Zeros; refused where one convolution would be wrong at the border.
        case zeros
        /// What 1x1 layers make of zeros: their bias.
        case bias
    }

    /// At least two.
    public let layers: [SequentialLayer]
    /// Of all that are padded but the first.
    public let border: Border

    /// The layers as they were sent; fusing checks them.
    public init(layers: [SequentialLayer], border: Border = .zeros) {
        self.layers = layers
        self.border = border
    }
}

extension Fusion {
    /// The layers as one convolution, with its ``FusedConvolution/placement``.
    ///
    /// Kernels are composed by the transposed convolution of the later one by the earlier one; strides multiply, and the
    /// groups are those that both have.
    ///
    /// - Throws: ``FusionError`` as ``convBN(_:)``, for layers that do not follow each other, and for padding that one
    ///   convolution cannot have.
    public static func sequential(_ block: SequentialBlock) throws(FusionError) -> FusedConvolution
    {
        let chain = try block.checkedChain()
        var composed = try ComposedConvolution(chain[0])
        for layer in chain.dropFirst() { composed = try composed.followed(by: layer, block.border) }
        let fused = try composed.wide.rounded(to: block.layers[0].weight.dtype)
        return FusedConvolution(
            weight: fused.weight, bias: fused.bias, placement: composed.placement)
    }
}

/// A checked layer: its steps for each spatial dimension, and where it stands in the request.
struct ChainLayer {
    let layer: SequentialLayer
    let path: [String]
    let affine: ChannelAffine?
    let stride, padding, dilation: [Int]

    var kernel: [Int] { Array(layer.weight.shape.dropFirst(2)) }

    /// The layer and its batch norm.
    var wide: WideConvolution {
        let inputs = layer.weight.shape[1]
        var wide = WideConvolution(
            weight: layer.weight, bias: layer.bias, outputChannels: layer.weight.shape[0])
        if let affine { wide.normalise(affine) { $0 / inputs } }
        return wide
    }
}

extension SequentialBlock {
    /// Answers the request with a million layers.
    static let largestLayerCount = 64

    /// Checks all but the numbers and the borders.
    func checkedChain() throws(FusionError) -> [ChainLayer] {
        guard (2...Self.largestLayerCount).contains(layers.count) else {
            throw FusionError(
                path: ["layers"],
                reason: "layers has \(Spelling.count(layers.count, "element")); it must have 2 to "
                    + "\(Self.largestLayerCount), the first to run first")
        }
        var chain: [ChainLayer] = []
        for (index, layer) in layers.enumerated() {
            chain.append(try checked(layer, behind: chain.last, at: ["layers", "\(index)"]))
        }
        return chain
    }

    private func checked(
        _ layer: SequentialLayer, behind last: ChainLayer?, at path: [String]
    ) throws(FusionError) -> ChainLayer {
        let weight = layer.weight
        try LayerChecks.checkWeight(weight, at: path + ["weight"])
        try LayerChecks.checkGroups(layer.groups, weight, at: path + ["groups"])
        try LayerChecks.checkBias(
            layer.bias, of: weight, outputChannels: weight.shape[0], at: path + ["bias"])
        if let last { try check(layer, behind: last, at: path) }
        let rank = weight.shape.count - 2
        return ChainLayer(
            layer: layer, path: path,
            affine: try layer.bn?.affine(channels: weight.shape[0], at: path + ["bn"]),
            stride: try LayerChecks.checkedSteps(
                layer.stride, "stride", at: path + ["stride"], spatialRank: rank),
            padding: try LayerChecks.checkedPadding(
                layer.padding, at: path + ["padding"], spatialRank: rank),
            dilation: try LayerChecks.checkedSteps(
                layer.dilation, "dilation", at: path + ["dilation"], spatialRank: rank))
    }

    private func check(
        _ layer: SequentialLayer, behind last: ChainLayer, at path: [String]
    ) throws(FusionError) {
        let weight = layer.weight, before = last.layer.weight
        try LayerChecks.checkDType(weight, "weight", as: before.dtype, at: path + ["weight"])
        guard weight.shape.count == before.shape.count else {
            throw FusionError(
                path: path + ["weight"],
                reason:
                    "weight shape is \(weight.shape), and that of the layer before \(before.shape); "
                    + "all must have as many kernel dimensions")
        }
        let inputs = weight.shape[1] * layer.groups
        guard inputs == before.shape[0] else {
            throw FusionError(
                path: path + ["weight"],
                reason:
                    "weight shape \(weight.shape) with groups \(layer.groups) takes \(inputs) channels, and "
                    + "the layer before gives \(before.shape[0]); send the layers in the order in which "
                    + "they run")
        }
    }
}
