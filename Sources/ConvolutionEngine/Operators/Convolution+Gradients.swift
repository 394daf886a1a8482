// SPDX-License-Identifier: Apache-2.0

extension Convolution {
    /// The gradients of everything that ``run(_:kernels:threads:)`` takes, through the activation, the
    /// residual, the flipped kernel and the border.
    ///
    /// - Parameters:
    ///   - operands: those of the run; bias and add count only where there is an activation
    ///   - gradOutput: the output's shape and the operands' dtype
    public func gradients(
        _ operands: Operands, gradOutput: Tensor, needs: Gradients.Needs,
        execution: Gradients.Execution = Gradients.Execution()
    ) -> Gradients.Result {
        let dtype = gradOutput.dtype
        guard dtype == dtype.computed else {
            return gradients(
                operands.mapped { $0.widened() }, gradOutput: gradOutput.widened(), needs: needs,
                execution: execution
            ).rounded(to: dtype)
        }
        guard geometry.outputCount > 0 else {
            // An empty batch: its border is not made, and nothing depends on anything.
            return Gradients.run(
                geometry, input: operands.input, weight: operands.weight, gradOutput: gradOutput,
                needs: needs, execution: execution
            ).adding(needs.contains(.add) ? gradOutput : nil)
        }
        var execution = execution
        execution.precision = options.precision
        let gradSums = activationGradient(operands, gradOutput, execution)
        let input = extended(operands.input)
        let weight = oriented(operands.weight)
        var result = Gradients.run(
            computed, input: input, weight: weight, gradOutput: gradSums, needs: needs,
            execution: execution)
        result.weight = result.weight.map(oriented)
        result.input = result.input.map(folded)
        return result.adding(needs.contains(.add) ? gradSums : nil)
    }

    /// The gradient of the sums: that of the output times the activation's derivative there.
    private func activationGradient(
        _ operands: Operands, _ gradOutput: Tensor, _ execution: Gradients.Execution
    ) -> Tensor {
        guard options.activation != .none, gradOutput.count > 0 else { return gradOutput }
        let sums = withoutActivation.run(
            operands, kernels: execution.kernels, threads: execution.threads)
        switch gradOutput.dtype {
        case .float32: return options.activation.gradient(sums.output, gradOutput, Float.self)
        case .float64: return options.activation.gradient(sums.output, gradOutput, Double.self)
        case .float16, .bfloat16: preconditionFailure("gradients of tensors that are widened")
        }
    }

    /// The adjoint of ``extended(_:)``.
    private func folded(_ gradient: Tensor) -> Tensor {
        guard extendedInputCount > 0 else { return gradient }
        let border = BorderedInput(geometry, options.border)
        switch gradient.dtype {
        case .float32: return border.fold(gradient, shape: inputShape, Float.self)
        case .float64: return border.fold(gradient, shape: inputShape, Double.self)
        case .float16, .bfloat16: preconditionFailure("gradients of tensors that are widened")
        }
    }
}
