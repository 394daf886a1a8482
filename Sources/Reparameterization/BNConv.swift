// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A batch norm and the convolution behind it.
///
/// Around the input of the convolution are zeros, which are not zeros of what the batch norm got: without padding
/// the two are one convolution, with padding only of an input whose border is `mean − shift / scale`, channel by
/// channel, which the batch norm maps to 0.
public struct BNConv: Sendable {
    /// What becomes of zeros around the convolution's input.
    public enum Border: Sendable {
        /// Padding is refused, unless the batch norm keeps zeros.
        case refused
        /// The caller fills the border with ``FusedConvolution/paddingValue``.
        case paddingValue
    }

    /// Over C_in.
    public let bn: BatchNorm
    /// `[C_out, C_in/groups, *kernel]`
    public let weight: Tensor
    /// `[C_out]`, or nil.
    public let bias: Tensor?
    /// Of the convolution.
    public let groups: Int
    /// Zeros on both sides of each spatial dimension: empty for none, one for all of them, or one for each.
    public let padding: [Int]
    /// What becomes of them.
    public let border: Border

    /// The layers as they were sent; fusing checks them.
    public init(
        bn: BatchNorm, weight: Tensor, bias: Tensor?, groups: Int = 1, padding: [Int] = [],
        border: Border = .refused
    ) {
        self.bn = bn
        self.weight = weight
        self.bias = bias
        self.groups = groups
        self.padding = padding
        self.border = border
    }
}

extension Fusion {
    /// A batch norm and the convolution behind it as one convolution.
    ///
    /// `W'[o, i] = W[o, i]·s[i]`, `b'[o] = b[o] + Σ_i Σ_taps W[o, i]·t[i]` with `s = γ / √(σ² + ε)` and `t = β − μ·s`:
    /// right for any stride, dilation and groups.
    ///
    /// - Throws: ``FusionError`` as ``convBN(_:)``, and for padding that the batch norm would not keep zero.
    public static func bnConv(_ layer: BNConv) throws(FusionError) -> FusedConvolution {
        let affine = try layer.checkedAffine()
        let values = try layer.checkedPaddingValue(affine)
        let shape = layer.weight.shape, inputs = shape[1], perGroup = shape[0] / layer.groups
        var wide = WideConvolution(
            weight: layer.weight, bias: layer.bias, outputChannels: shape[0])
        let taps = wide.taps
        for output in 0..<shape[0] {
            for input in 0..<inputs {
                let channel = output / perGroup * inputs + input
                let first = (output * inputs + input) * taps
                var sum = 0.0
                for index in first..<first + taps {
                    sum += wide.weight[index]
                    wide.weight[index] *= affine.scale[channel]
                }
                wide.bias[output] += sum * affine.offset(channel)
            }
        }
        let fused = try wide.rounded(to: layer.weight.dtype)
        guard let values else { return fused }
        return FusedConvolution(
            weight: fused.weight, bias: fused.bias,
            paddingValue: Tensor(
                shape: [values.count], rounding: values, to: layer.weight.dtype))
    }
}

extension ChannelAffine {
    /// What 0 becomes: `shift − mean · scale`.
    func offset(_ channel: Int) -> Double { shift[channel] - mean[channel] * scale[channel] }
}

extension BNConv: Fusable {
    package var batchNorms: [BatchNorm] { [bn] }

    private var inputChannels: Int { weight.shape[1] * groups }

    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.bnConv(self) }

    package func fusedForm() throws(FusionError) -> FusedForm { .init(weightShape: weight.shape) }

    package func inputForm() throws(FusionError) -> InputForm {
        _ = try checkedAffine()
        return InputForm(
            channels: inputChannels, spatialRank: weight.shape.count - 2, dtype: weight.dtype)
    }

    package func widened() -> BNConv {
        BNConv(
            bn: bn, weight: weight.widened(), bias: bias?.widened(), groups: groups,
            padding: padding, border: border)
    }

    package func unfused(input: [Int]) throws -> LayerForm {
        .chain([
            .normalise(try checkedAffine()),
            .convolution(try bound(weight, bias, input, padding: .symmetric(padding))),
        ])
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        guard let values = fused.paddingValue else {
            return .convolution(
                try bound(fused.weight, fused.bias, input, padding: .symmetric(padding)))
        }
        let rank = weight.shape.count - 2
        let pairs = try checkedPadding().map { [$0, $0] }
        var padded = input
        for axis in 0..<rank { padded[input.count - rank + axis] += 2 * pairs[axis][0] }
        return .chain([
            .pad(pairs, values: values.doubles),
            .convolution(try bound(fused.weight, fused.bias, padded, padding: .symmetric([]))),
        ])
    }

    private func bound(
        _ weight: Tensor, _ bias: Tensor?, _ input: [Int], padding: ConvolutionOptions.Padding
    ) throws(ConvolutionError) -> BoundConvolution {
        var options = ConvolutionOptions()
        options.groups = groups
        options.padding = padding
        return try BoundConvolution(input: input, weight: weight, bias: bias, options: options)
    }
}

extension BNConv {
    /// Every check but those of the numbers and the border.
    fileprivate func checkedAffine() throws(FusionError) -> ChannelAffine {
        try LayerChecks.checkWeight(weight, at: ["weight"])
        try LayerChecks.checkGroups(groups, weight)
        try LayerChecks.checkBias(bias, of: weight, outputChannels: weight.shape[0], at: ["bias"])
        _ = try checkedPadding()
        return try bn.affine(channels: inputChannels, at: ["bn"], of: "input")
    }

    private func checkedPadding() throws(FusionError) -> [Int] {
        try LayerChecks.checkedPadding(
            padding, at: ["padding"], spatialRank: weight.shape.count - 2)
    }

    /// What the border is to be filled with; nil where zeros are right.
    fileprivate func checkedPaddingValue(
        _ affine: ChannelAffine
    ) throws(FusionError) -> [Double]? {
        let moved = affine.scale.indices.first { affine.offset($0) != 0 }
        guard let moved, try checkedPadding().contains(where: { $0 > 0 }) else { return nil }
        guard border == .paddingValue else {
            throw FusionError(
                path: ["padding"],
                reason:
                    "padding is \(Spelling.parameter(padding)), and the batch norm in front of it makes "
                    + "\(affine.offset(moved)) of a 0 in channel \(moved): with zeros around its input one "
                    + "convolution would be wrong at the border. Use padding 0, or border \"padding_value\" "
                    + "and fill the border of the input with the padding_value of the reply")
        }
        var values: [Double] = []
        for channel in affine.scale.indices {
            let value = affine.mean[channel] - affine.shift[channel] / affine.scale[channel]
            if affine.offset(channel) == 0 {
                values.append(0)
            } else if affine.scale[channel] == 0 || !weight.dtype.holds(value) {
                throw FusionError(
                    path: ["bn", "weight"],
                    reason: "bn.weight[\(channel)] is \(bn.weight?[channel] ?? 1), with which no "
                        + "\(weight.dtype.rawValue) number in front of the batch norm becomes the 0 of the "
                        + "padding; keep the two layers apart, or use padding 0")
            } else {
                values.append(value)
            }
        }
        return values
    }
}
