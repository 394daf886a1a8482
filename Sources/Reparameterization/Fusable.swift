// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Layers that can become one convolution, and be run beside it.
package protocol Fusable: Sendable {
    /// The one convolution; refused where there is none, or where the layers do not fit together.
    func fused() throws(FusionError) -> FusedConvolution

    /// What the one weight will be, without making it.
    func fusedForm() throws(FusionError) -> FusedForm

    /// What an input has to be.
    func inputForm() throws(FusionError) -> InputForm

    /// The same with tensors of 16 bits as float32.
    func widened() -> Self

    /// The layers, for inputs of a shape.
    func unfused(input: [Int]) throws -> LayerForm

    /// The convolution that they became, for inputs of a shape.
    func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm

    /// Of the layers, in any order.
    var batchNorms: [BatchNorm] { get }

    /// What about the fused convolution narrower types would suffer from (``RangeWarning``).
    func warnings(_ fused: FusedConvolution) -> [String]
}

extension Fusable {
    package func warnings(_ fused: FusedConvolution) -> [String] {
        RangeWarning.limited(
            batchNorms.flatMap(RangeWarning.about) + RangeWarning.about(fused, ranges: [], []))
    }
}

/// What the inputs of some layers have in common.
package struct InputForm: Sendable {
    let channels: Int
    let spatialRank: Int
    let dtype: DType
}

/// What a fused weight is, and what it takes.
package struct FusedForm: Sendable {
    /// `[C_out, C_in/groups, *kernel]`
    package let weightShape: [Int]
    /// Multiply-accumulates, where these may be more than there are elements; else 0.
    package var work = 0.0
}
