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
    /// Of the layers' convolutions on this input.
    public let unfusedMultiplyAccumulates: Int
    /// Of the fused convolution on this input.
    public let fusedMultiplyAccumulates: Int
    /// Every difference is at most `1e-8 + 1e-5 · (largest output of its channel)`.
    ///
    /// These are the tolerances of `torch.allclose`, taken relative to the channel and not to each
    /// element: a sum that cancels to nearly 0 has the rounding error of its addends. Weights that are
    /// stored as float16 or bfloat16 get those of `torch.testing.assert_close`; see ``Difference``.
    public let allClose: Bool

    /// Runs the layers and what they became.
    ///
    /// - Throws: ``FusionError`` at `input` or `input_size`.
    package static func run<Layers: Fusable>(
        _ layers: Layers, fused: FusedConvolution, probe: ProbeInput = .standard,
        convolve: ConvolutionRunner = Convolve.run
    ) throws(FusionError) -> Verification {
        let form = try layers.inputForm()
        let sent = try probe.tensor(
            channels: form.channels, spatialRank: form.spatialRank, dtype: form.dtype)
        // A linear layer is a convolution over one place.
        let input = (form.spatialRank == 0 ? sent.reshaped(sent.shape + [1]) : sent).widened()
        return try reportingInput {
            let wide = layers.widened()
            return try compare(
                wide.unfused(input: input.shape),
                wide.bound(fused.widened(), input: input.shape), input,
                spatialRank: max(1, form.spatialRank), Difference.Tolerance(storedAs: form.dtype),
                convolve)
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
