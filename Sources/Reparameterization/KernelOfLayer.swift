// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A layer without weights that is a convolution all the same.
public struct KernelOfLayer: Sendable {
    /// What the layer does.
    public enum Kind: Sendable {
        /// The input itself.
        case identity
        /// The mean of a window, padding counted; or its sum by a divisor of the caller's.
        case averagePool(divisor: Int?)
    }

    /// What the layer does.
    public let kind: Kind
    /// As many go in as come out.
    public let channels: Int
    /// Of the convolution that is wanted.
    public let groups: Int
    /// For each spatial dimension.
    public let kernelSize: [Int]
    /// Of the weight that is wanted.
    public let dtype: DType

    /// The layer as it was asked for; making its kernel checks it.
    public init(
        _ kind: Kind, channels: Int, groups: Int = 1, kernelSize: [Int], dtype: DType = .float32
    ) {
        self.kind = kind
        self.channels = channels
        self.groups = groups
        self.kernelSize = kernelSize
        self.dtype = dtype
    }
}

extension Fusion {
    /// The layer's kernel: `W[o, o mod C/g]` is 1 in the middle for the identity, and 1 over the window's size everywhere
    /// for a mean; the bias is 0.
    ///
    /// - Throws: ``FusionError`` for sizes and groups that are none, and for the identity in an even kernel.
    public static func kernel(of layer: KernelOfLayer) throws(FusionError) -> FusedConvolution {
        let shape = try layer.checkedWeightShape()
        var wide = WideConvolution(shape: shape, outputChannels: layer.channels)
        switch layer.kind {
        case .identity: wide.addMean(kernel: layer.kernelSize.map { _ in 1 })
        case .averagePool(let divisor):
            wide.addMean(kernel: layer.kernelSize, divisor: divisor)
        }
        return try wide.rounded(to: layer.dtype)
    }
}

extension KernelOfLayer: Fusable {
    package var batchNorms: [BatchNorm] { [] }

    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.kernel(of: self) }

    package func fusedForm() throws(FusionError) -> FusedForm {
        .init(weightShape: try checkedWeightShape())
    }

    fileprivate func checkedWeightShape() throws(FusionError) -> [Int] {
        guard channels >= 1 else {
            throw FusionError(
                path: ["channels"], reason: "channels is \(channels); it must be at least 1")
        }
        guard groups >= 1, channels % groups == 0 else {
            throw FusionError(
                path: ["groups"],
                reason: "groups is \(groups); it must be at least 1 and divide the channels, "
                    + "\(channels)")
        }
        guard (1...3).contains(kernelSize.count), kernelSize.allSatisfy({ $0 >= 1 }) else {
            throw FusionError(
                path: ["kernel_size"],
                reason:
                    "kernel_size is \(Spelling.list(kernelSize)); it must be one size for each of 1 to 3 "
                    + "spatial dimensions, of at least 1")
        }
        if case .averagePool(let divisor?) = kind, divisor < 1 {
            throw FusionError(
                path: ["divisor_override"],
                reason:
                    "divisor_override is \(divisor); it must be at least 1, or left out for the "
                    + "size of the window")
        }
        if case .identity = kind {
            try LayerChecks.checkCentred(
                Array(repeating: 1, count: kernelSize.count), in: kernelSize, at: ["kernel_size"])
        }
        let shape = [channels, channels / groups] + kernelSize
        try LayerChecks.checkCount(of: shape, at: ["kernel_size"])
        return shape
    }

    package func inputForm() throws(FusionError) -> InputForm {
        _ = try checkedWeightShape()
        return InputForm(channels: channels, spatialRank: kernelSize.count, dtype: dtype)
    }

    package func widened() -> KernelOfLayer {
        KernelOfLayer(
            kind, channels: channels, groups: groups, kernelSize: kernelSize, dtype: dtype.computed)
    }

    package func unfused(input: [Int]) throws -> LayerForm {
        guard case .averagePool(let divisor) = kind else { return .identity }
        return try .averagePool(
            kernelSize, divisor: divisor, channels: channels, dtype: dtype,
            .centred(kernelSize, groups: channels), input: input)
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        .convolution(
            try BoundConvolution(
                input: input, weight: fused.weight, bias: fused.bias,
                options: .centred(kernelSize, groups: groups)))
    }
}
