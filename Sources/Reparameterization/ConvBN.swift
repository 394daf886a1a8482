// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A convolution or linear layer and the batch norm behind it.
public struct ConvBN: Sendable {
    /// `[C_out, C_in/groups, *kernel]`, or `[C_in, C_out/groups, *kernel]` transposed, or linear `[C_out, C_in]`.
    public let weight: Tensor
    /// `[C_out]`, or nil.
    public let bias: Tensor?
    /// Over C_out.
    public let bn: BatchNorm
    /// Only a transposed weight needs to tell: its groups share dimension 1.
    public let groups: Int
    /// Which layout the weight has; where C_in = C_out nothing else could tell.
    public let transposed: Bool

    /// The layers as they were sent; fusing checks them.
    public init(
        weight: Tensor, bias: Tensor?, bn: BatchNorm, groups: Int = 1, transposed: Bool = false
    ) {
        self.weight = weight
        self.bias = bias
        self.bn = bn
        self.groups = groups
        self.transposed = transposed
    }
}

extension ConvBN {
    /// C_out of a checked weight.
    var outputChannels: Int { transposed ? weight.shape[1] * groups : weight.shape[0] }

    /// C_in of a checked weight.
    var inputChannels: Int { transposed ? weight.shape[0] : weight.shape[1] * groups }

    /// The output channel of a row, in a transposed weight by its group.
    ///
    ///     dimension 0      0 ... C_in/g − 1   C_in/g ... 2C_in/g − 1   ...
    ///     dimension 1 is   channels of group 0 channels of group 1
    func outputChannel(row: Int) -> Int {
        let (first, second) = row.quotientAndRemainder(dividingBy: weight.shape[1])
        guard transposed else { return first }
        return first / (weight.shape[0] / groups) * weight.shape[1] + second
    }

    /// Every check but those of the numbers.
    func checkedAffine() throws(FusionError) -> ChannelAffine {
        try LayerChecks.checkWeight(
            weight, at: ["weight"], transposed: transposed,
            orLinear: !transposed && groups == 1)
        try LayerChecks.checkGroups(groups, weight, transposed: transposed)
        try LayerChecks.checkBias(bias, of: weight, outputChannels: outputChannels, at: ["bias"])
        return try bn.affine(channels: outputChannels, at: ["bn"], hint: transposedHint)
    }

    private func transposedHint(_ length: Int) -> String {
        guard !transposed, length == weight.shape[1] * groups else { return "" }
        return "; if the weight is that of a transposed convolution, set transposed to true"
    }
}

extension ConvBN: Fusable {
    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.convBN(self) }

    package func fusedForm() throws(FusionError) -> FusedForm { .init(weightShape: weight.shape) }

    package func inputForm() throws(FusionError) -> InputForm {
        _ = try checkedAffine()
        return InputForm(
            channels: inputChannels, spatialRank: weight.shape.count - 2, dtype: weight.dtype)
    }

    /// A linear layer is run as a convolution over one place.
    package func unfused(input: [Int]) throws -> LayerForm {
        .chain([
            .convolution(try bound(weight, bias, input)), .normalise(try checkedAffine()),
        ])
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        .convolution(try bound(fused.weight, fused.bias, input))
    }

    /// With half the kernel as padding, transposed with none.
    private func bound(
        _ weight: Tensor, _ bias: Tensor?, _ input: [Int]
    ) throws(ConvolutionError) -> BoundConvolution {
        let weight = weight.shape.count == 2 ? weight.reshaped(weight.shape + [1]) : weight
        var options = ConvolutionOptions.centred(Array(weight.shape.dropFirst(2)), groups: groups)
        if transposed { options.padding = .symmetric([]) }
        return try BoundConvolution(
            transposed ? .transposed : .forward, input: input, weight: weight, bias: bias,
            options: options)
    }
}
