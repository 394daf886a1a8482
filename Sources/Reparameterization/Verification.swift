// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Layers unfused beside their fused form, on the same input.
public struct Verification: Sendable, Equatable {
    /// The largest difference of two outputs.
    public let maxAbsDiff: Double
    /// The largest difference relative to the largest output of its channel.
    public let maxRelDiff: Double
    /// The layers one after the other: the median of the runs behind the first one.
    public let unfusedMilliseconds: Double
    /// The fused convolution, timed alike and in turns with the layers.
    public let fusedMilliseconds: Double
    /// Every difference is at most `1e-8 + 1e-5 · (largest output of its channel)`.
    ///
    /// These are the tolerances of `torch.allclose`, taken relative to the channel and not to each
    /// element: a sum that cancels to nearly 0 has the rounding error of its addends. Weights that are
    /// stored as float16 or bfloat16 get those of `torch.testing.assert_close`; see ``Difference``.
    public let allClose: Bool

    /// Runs a convolution and its batch norm, with half the kernel as padding (none transposed).
    ///
    /// - Throws: ``FusionError`` at `input` or `input_size`.
    public static func run(
        _ layer: ConvBN, fused: FusedConvolution, probe: ProbeInput = .standard,
        convolve: ConvolutionRunner = Convolve.run
    ) throws(FusionError) -> Verification {
        let affine = try layer.checkedAffine()
        let spatialRank = layer.weight.shape.count - 2
        let dtype = layer.weight.dtype
        let input = try probe.tensor(
            channels: layer.inputChannels, spatialRank: spatialRank, dtype: dtype
        ).widened()
        let (layer, fused) = (layer.widened(), fused.widened())
        return try reportingInput {
            let convolution = try layer.bound(layer.weight, layer.bias, input)
            let layers = UnfusedLayers(
                parts: [.init(convolution: convolution, affine: affine)], spatialRank: spatialRank)
            return try compare(
                layers, try layer.bound(fused.weight, fused.bias, input), input,
                Difference.Tolerance(storedAs: dtype), convolve)
        }
    }

    /// Runs a block: each branch with half its kernel as padding, and the sum of them.
    ///
    /// - Throws: ``FusionError`` at `input` or `input_size`.
    public static func run(
        _ block: RepVGGBlock, fused: FusedConvolution, probe: ProbeInput = .standard,
        convolve: ConvolutionRunner = Convolve.run
    ) throws(FusionError) -> Verification {
        let dtype = try block.checkedShape().dtype
        let (block, fused) = (block.widened(), fused.widened())
        let shape = try block.checkedShape()
        let input = try probe.tensor(
            channels: shape.inputChannels, spatialRank: shape.spatialRank, dtype: dtype
        ).widened()
        return try reportingInput {
            let one = try BoundConvolution(
                input: input, weight: fused.weight, bias: fused.bias,
                options: block.options(kernel: shape.kernel, groups: shape.groups))
            return try compare(
                try block.unfused(shape, input: input), one, input,
                Difference.Tolerance(storedAs: dtype), convolve)
        }
    }

    /// The weights have been checked by now: what a convolution still refuses is the input.
    private static func reportingInput(
        _ body: () throws -> Verification
    ) throws(FusionError) -> Verification {
        do {
            return try body()
        } catch let error as FusionError {
            throw error
        } catch let error as ConvolutionError {
            let field = error.field == "stride" ? "stride" : "input"
            throw FusionError(path: [field], reason: error.reason)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension ConvBN {
    fileprivate func bound(
        _ weight: Tensor, _ bias: Tensor?, _ input: Tensor
    ) throws(ConvolutionError) -> BoundConvolution {
        var options = ConvolutionOptions()
        options.groups = groups
        if !transposed {
            let kernel = weight.shape.dropFirst(2)
            options.padding = .pairs(FusedConvolution.centredPadding(kernel: kernel))
        }
        return try BoundConvolution(
            transposed ? .transposed : .forward, input: input, weight: weight, bias: bias,
            options: options)
    }
}
