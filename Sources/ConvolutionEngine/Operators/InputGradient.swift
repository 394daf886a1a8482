// SPDX-License-Identifier: Apache-2.0

/// The gradient of a convolution's input: the adjoint operator of the output's gradient.
///
/// That of a transposed convolution is a convolution. That of a convolution is a transposed one, and with
/// stride 1 a convolution too (``ConvolutionGeometry/turned``), which every algorithm for convolutions may do.
struct InputGradient {
    private let convolution: Convolution
    /// Whether the weights have to be turned for it.
    private let turnsWeight: Bool

    /// - Parameter weight: all that matters is whether it is finite: around the input of a transposed
    ///   convolution nothing is multiplied, in the padding of a convolution zeros are
    init(_ geometry: ConvolutionGeometry, weight: Tensor, precision: Precision) {
        let adjoint = geometry.adjoint
        if adjoint.inputCount > 0, weight.count > 0, let turned = adjoint.turned,
            !turned.hasPadding || weight.isFinite
        {
            turnsWeight = true
            convolution = Convolution(planned: turned, precision: precision)
        } else {
            turnsWeight = false
            convolution = Convolution(planned: adjoint, precision: precision)
        }
    }

    var algorithm: Algorithm { convolution.algorithm }

    func run(_ gradOutput: Tensor, _ weight: Tensor, _ execution: Gradients.Execution) -> Tensor {
        guard turnsWeight else {
            let operands = Convolution.Operands(input: gradOutput, weight: weight)
            return convolution.run(
                operands, kernels: execution.kernels, threads: execution.threads
            ).output
        }
        let plan = PlanCache.shared.plan(
            convolution.geometry, dtype: gradOutput.dtype, algorithm: algorithm,
            precision: convolution.options.precision, kernels: execution.kernels,
            threads: execution.threads)
        return plan.run(gradOutput, plan.prepare(turning: weight, threads: execution.threads))
    }
}
