// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `<operation>/backward`: the operation's fields, and the output's gradient.
struct BackwardRequest: Sendable {
    let forward: ConvolutionRequest
    let gradOutput: WireTensor
    let needs: Gradients.Needs

    /// The convolution, if all that was sent fits together.
    func convolution() throws(RequestFailure) -> Convolution {
        try WireTensor.checkDTypes(
            [forward.input, forward.weight, forward.bias, forward.add, gradOutput])
        let convolution = try forward.convolution()
        let shape = gradOutput.tensor.shape, outputShape = convolution.outputShape
        guard shape == outputShape else {
            throw .field(
                pointer: "/grad_output",
                reason: "grad_output has shape \(shape), but the output of "
                    + "\(forward.operation.name) for input \(forward.input.tensor.shape) and weight "
                    + "\(forward.weight.tensor.shape) has \(outputShape); send the gradient of that "
                    + "output")
        }
        return convolution
    }
}

/// What `needs` may list.
enum NeedWord: Int, RequestField {
    case input, weight, bias, add

    var name: StaticString {
        switch self {
        case .input: "input"
        case .weight: "weight"
        case .bias: "bias"
        case .add: "add"
        }
    }

    var need: Gradients.Needs {
        switch self {
        case .input: .input
        case .weight: .weight
        case .bias: .bias
        case .add: .add
        }
    }
}
