// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Layers into one convolution: arithmetic on weights, without an input.
///
/// Exact but for rounding, or refused with the reason. Only statistics of inference are used; a
/// block must be in evaluation mode for its fused form to equal it.
public enum Fusion {
    /// A convolution and its batch norm as one convolution, in the same layout.
    ///
    /// `s = γ / √(σ² + ε)`, `W'[o] = s[o]·W[o]`, `b'[o] = (b[o] − μ[o])·s[o] + β[o]`: right for any
    /// stride, padding, dilation and groups. In a transposed weight o is a matter of dimension 1
    /// and of the group.
    ///
    /// - Throws: ``FusionError`` for layers that do not fit, missing statistics, a negative
    ///   variance, σ² + ε = 0, and results that are not finite.
    public static func convBN(_ layer: ConvBN) throws(FusionError) -> FusedConvolution {
        let affine = try layer.checkedAffine()
        var wide = WideConvolution(
            weight: layer.weight, bias: layer.bias, outputChannels: layer.outputChannels)
        wide.normalise(affine, outputChannel: layer.outputChannel(row:))
        return try wide.rounded(to: layer.weight.dtype)
    }

    /// The sum of branches as one convolution with the largest kernel.
    ///
    /// Smaller kernels are centred in it; the fused convolution has the block's stride and groups
    /// and the padding ``FusedConvolution/centredPadding``.
    ///
    /// - Throws: ``FusionError`` as ``convBN(_:)``, and for branches that cannot be added: unlike
    ///   channels, dtypes or dimensions, a kernel that has no centred place, an identity with
    ///   C_in ≠ C_out or a stride.
    public static func repVGG(_ block: RepVGGBlock) throws(FusionError) -> FusedConvolution {
        let shape = try block.checkedShape()
        var sum = WideConvolution(shape: shape.weightShape, outputChannels: shape.outputChannels)
        for (index, branch) in block.branches.enumerated() {
            let affine = try branch.affine(index, channels: shape.outputChannels)
            sum.add(branch, kernel: shape.kernels[index], affine)
        }
        return try sum.rounded(to: shape.dtype)
    }
}
