// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Layers that can become one convolution, and be run beside it.
package protocol Fusable: Sendable {
    /// The one convolution; refused where there is none, or where the layers do not fit together.
    func fused() throws(FusionError) -> FusedConvolution

    /// The shape that the one weight will have, without making it.
    func fusedWeightShape() throws(FusionError) -> [Int]

    /// Multiply-accumulates that fusing takes, where these may be more than there are elements; else 0.
    func fusingWork() throws(FusionError) -> Double

    /// What an input has to be.
    func inputForm() throws(FusionError) -> InputForm

    /// The same with tensors of 16 bits as float32.
    func widened() -> Self

    /// The layers, for inputs of a shape.
    func unfused(input: [Int]) throws -> LayerForm

    /// The convolution that they became, for inputs of a shape.
    func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm
}

/// What the inputs of some layers have in common.
package struct InputForm: Sendable {
    let channels: Int
    let spatialRank: Int
    let dtype: DType
}

extension Fusable {
    package func fusingWork() throws(FusionError) -> Double { 0 }
}
