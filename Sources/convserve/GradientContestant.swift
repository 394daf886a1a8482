// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConvolutionEngine

/// One gradient of a layer, its tensor made anew in each call.
struct GradientContestant: BenchContestant {
    /// Which.
    enum Operand: String, ExpressibleByArgument, CaseIterable {
        case input, weight
    }

    let algorithm: String
    private let operand: Operand
    private let data: BenchData
    private let gradOutput: Tensor
    private let execution: Gradients.Execution

    init(_ data: BenchData, _ operand: Operand, threads: Int) {
        self.data = data
        self.operand = operand
        gradOutput = data.gradOutput()
        execution = Gradients.Execution(threads: threads)
        algorithm =
            operand == .input
            ? Gradients.inputAlgorithm(data.geometry, weight: data.weight).name : "gradient"
    }

    func call() { _ = gradient(of: data) }

    private func gradient(of data: BenchData) -> Tensor {
        let result = Gradients.run(
            data.geometry, input: data.input, weight: data.weight, gradOutput: gradOutput,
            needs: operand == .input ? .input : .weight, execution: execution)
        return (operand == .input ? result.input : result.weight)!
    }

    /// That of the input beside its definition, on a sample; that of the weight beside the same in float64.
    func error() -> SampledError {
        let gradient = gradient(of: data)
        if operand == .input {
            return SampledError(
                data.geometry.adjoint, input: gradOutput, weight: data.weight, output: gradient)
        }
        let expected = Gradients.run(
            data.geometry, input: data.input.converted(to: .float64),
            weight: data.weight.converted(to: .float64),
            gradOutput: gradOutput.converted(to: .float64), needs: .weight, execution: execution)
        return SampledError(
            gradient.converted(to: .float64).elements(), expected.weight!.elements())
    }
}
