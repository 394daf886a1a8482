// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/conv1d` ... `/v1/conv_transpose3d`
    func convolve(
        _ operation: ConvolutionOperation, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try ConvolutionRequest(json: &cursor, for: operation)
        }
        let convolution = try sent.convolution()
        let dtype = sent.input.tensor.dtype
        let form = try exchange.form(
            sent.spelling, [("output", convolution.outputShape)], dtype)
        try limits.check(convolution, dtype)
        return exchange.outcome(isSmall: limits.isSmall(convolution), form) { timing in
            let result = convolution.run(sent.operands)
            timing.end(.compute)
            var reply = TensorReply("output", result.output)
            reply.add("algorithm", word: result.algorithm.name)
            if sent.explains {
                let explanation = Explanation(
                    convolution, result, milliseconds: timing.milliseconds(.compute))
                reply.add("explain", json: explanation.text)
            }
            return reply
        }
    }
}
