// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/conv1d/backward` ... `/v1/conv_transpose3d/backward`
    func backward(
        _ operation: ConvolutionOperation, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try BackwardRequest(json: &cursor, for: operation)
        }
        let convolution = try sent.convolution()
        let dtype = sent.forward.input.tensor.dtype
        let form = try exchange.form(
            sent.forward.spelling, convolution.geometry.gradientShapes(sent.needs), dtype)
        // The input's gradient, the weight's, and the sums again where there is an activation.
        try limits.check(convolution, dtype, passes: 3)
        return exchange.outcome(isSmall: limits.isSmall(convolution, passes: 3), form) { _ in
            TensorReply(
                convolution.gradients(
                    sent.forward.operands, gradOutput: sent.gradOutput.tensor, needs: sent.needs))
        }
    }
}

extension ConvolutionGeometry {
    fileprivate func gradientShapes(
        _ needs: Gradients.Needs
    ) -> [(name: StaticString, shape: [Int])] {
        let all: [(need: Gradients.Needs, name: StaticString, shape: [Int])] = [
            (.input, "grad_input", inputShape), (.weight, "grad_weight", weightShape),
            (.bias, "grad_bias", [outputChannels]), (.add, "grad_add", outputShape),
        ]
        return all.filter { needs.contains($0.need) }.map { ($0.name, $0.shape) }
    }
}

extension TensorReply {
    /// As many as were wanted.
    fileprivate init(_ gradients: Gradients.Result) {
        self.init()
        if let input = gradients.input { add("grad_input", input) }
        if let weight = gradients.weight { add("grad_weight", weight) }
        if let bias = gradients.bias { add("grad_bias", bias) }
        if let addend = gradients.add { add("grad_add", addend) }
    }
}
