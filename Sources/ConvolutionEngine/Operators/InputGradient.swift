// SPDX-License-Identifier: Apache-2.0

/// The gradient of a convolution's input: the adjoint operator of the output's gradient.
///
/// That of a transposed convolution is a convolution. That of a convolution is a transposed one, and with
/// stride 1 a convolution too (``ConvolutionGeometry/turned``), which every algorithm for convolutions may do.
///
/// Around the input of a transposed convolution nothing is multiplied, in the padding of a convolution zeros are:
/// weights that are not finite make NaN of them. So the weights are looked at first or, where there are more
/// weights than outputs, the outputs afterwards: every weight has a part in some of them.
struct InputGradient {
    private let adjoint: Convolution
    /// The same as a convolution, if it is one.
    private let turned: Convolution?
    /// Whether the outputs have to be looked at.
    private let looksBack: Bool

    init(_ geometry: ConvolutionGeometry, weight: Tensor, precision: Precision) {
        let adjoint = geometry.adjoint, turned = adjoint.turned
        let isPadded = turned?.hasPadding ?? false
        self.adjoint = Convolution(planned: adjoint, precision: precision)
        looksBack = isPadded && weight.count > adjoint.outputCount
        if let turned, adjoint.inputCount > 0, weight.count > 0,
            !isPadded || looksBack || weight.isFinite
        {
            self.turned = Convolution(planned: turned, precision: precision)
        } else {
            self.turned = nil
        }
    }

    var algorithm: Algorithm { (turned ?? adjoint).algorithm }

    func run(_ gradOutput: Tensor, _ weight: Tensor, _ execution: Gradients.Execution) -> Tensor {
        if let turned {
            let plan = PlanCache.shared.plan(
                turned.geometry, dtype: gradOutput.dtype, algorithm: turned.algorithm,
                precision: turned.options.precision, kernels: execution.kernels,
                threads: execution.threads)
            let weights = plan.prepare(turning: weight, threads: execution.threads)
            let gradient = plan.run(gradOutput, weights)
            if !looksBack || gradient.isFinite || weight.isFinite { return gradient }
        }
        return adjoint.run(
            Convolution.Operands(input: gradOutput, weight: weight), kernels: execution.kernels,
            threads: execution.threads
        ).output
    }
}
