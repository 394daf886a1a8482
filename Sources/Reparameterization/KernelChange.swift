// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A convolution whose kernel is to be written as a larger one.
public struct KernelChange: Sendable {
    /// What the kernel becomes.
    public enum Kind: Sendable {
        /// A dilated kernel without its gaps: zeros stand where they were, and the dilation is 1.
        case dense(dilation: [Int])
        /// The same kernel in the middle of a larger one; for each spatial dimension, or one for all of them.
        case padded(kernelSize: [Int])
    }

    /// `[C_out, C_in/groups, *kernel]`
    public let weight: Tensor
    /// `[C_out]`, or nil.
    public let bias: Tensor?
    /// Only the input to verify with depends on it.
    public let groups: Int
    /// What the kernel becomes.
    public let kind: Kind

    /// The convolution as it was sent; changing it checks it.
    public init(weight: Tensor, bias: Tensor?, groups: Int = 1, _ kind: Kind) {
        self.weight = weight
        self.bias = bias
        self.groups = groups
        self.kind = kind
    }
}

extension Fusion {
    /// The convolution with its larger kernel, whose padding is larger by half of what the kernel grew.
    ///
    /// - Throws: ``FusionError`` for tensors that do not fit, a kernel with no centred place in the larger one, and
    ///   one that would be too large.
    public static func kernel(_ change: KernelChange) throws(FusionError) -> FusedConvolution {
        let place = try change.checkedPlace()
        var wide = WideConvolution(shape: place.shape, outputChannels: place.shape[0])
        wide.add(
            WideConvolution(
                weight: change.weight, bias: change.bias, outputChannels: place.shape[0]),
            extent: place.extent)
        return try wide.rounded(to: change.weight.dtype)
    }
}

extension KernelChange: Fusable {
    package var batchNorms: [BatchNorm] { [] }

    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.kernel(self) }

    package func fusedForm() throws(FusionError) -> FusedForm {
        .init(weightShape: try checkedPlace().shape)
    }

    package func inputForm() throws(FusionError) -> InputForm {
        _ = try checkedPlace()
        return InputForm(
            channels: weight.shape[1] * groups, spatialRank: weight.shape.count - 2,
            dtype: weight.dtype)
    }

    package func widened() -> KernelChange {
        KernelChange(weight: weight.widened(), bias: bias?.widened(), groups: groups, kind)
    }

    package func unfused(input: [Int]) throws -> LayerForm {
        let place = try checkedPlace()
        return .convolution(
            try bound(weight, bias, input, extent: place.extent, dilation: place.dilation))
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        let kernel = Array(fused.weight.shape.dropFirst(2))
        return .convolution(
            try bound(fused.weight, fused.bias, input, extent: kernel, dilation: []))
    }

    private func bound(
        _ weight: Tensor, _ bias: Tensor?, _ input: [Int], extent: [Int], dilation: [Int]
    ) throws(ConvolutionError) -> BoundConvolution {
        var options = ConvolutionOptions.centred(extent, groups: groups)
        options.dilation = dilation
        return try BoundConvolution(input: input, weight: weight, bias: bias, options: options)
    }

    /// The shape of the larger weight, what the kernel sees in it, and the steps between its taps.
    fileprivate func checkedPlace() throws(FusionError) -> (
        shape: [Int], extent: [Int], dilation: [Int]
    ) {
        try LayerChecks.checkWeight(weight, at: ["weight"])
        try LayerChecks.checkGroups(groups, weight)
        try LayerChecks.checkBias(bias, of: weight, outputChannels: weight.shape[0], at: ["bias"])
        let kernel = Array(weight.shape.dropFirst(2))
        switch kind {
        case .dense(let dilation):
            let steps = try LayerChecks.checkedSteps(
                dilation, "dilation", at: ["dilation"], spatialRank: kernel.count)
            let extent = try LayerChecks.extent(of: weight, dilation: steps, at: ["dilation"])
            let shape = weight.shape.prefix(2) + extent
            try LayerChecks.checkCount(of: shape, at: ["dilation"])
            return (Array(shape), extent, steps)
        case .padded(let kernelSize):
            let larger = try LayerChecks.checkedSteps(
                kernelSize, "kernel_size", at: ["kernel_size"], spatialRank: kernel.count)
            try LayerChecks.checkCentred(kernel, in: larger, at: ["kernel_size"])
            let shape = weight.shape.prefix(2) + larger
            try LayerChecks.checkCount(of: shape, at: ["kernel_size"])
            return (Array(shape), kernel, [])
        }
    }
}
