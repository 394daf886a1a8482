// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/conv1d` ... `/v1/conv_transpose3d`
    func convolve(
        _ operation: ConvolutionOperation, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.decode { cursor throws(RequestFailure) in
            try ConvolutionRequest(json: &cursor, for: operation)
        }
        let convolution = try sent.convolution()
        let dtype = sent.input.tensor.dtype
        let byteCount = try limits.replyByteCount(
            sent.replySpelling, shape: convolution.geometry.outputShape, dtype: dtype)
        try limits.check(convolution, dtype)
        let isSmall = limits.isSmall(convolution)
        return exchange.outcome(isSmall: isSmall) { [replies] timing throws(RequestFailure) in
            let buffer = try replies.buffer(capacity: byteCount + Explanation.byteCount)
            let result = convolution.run(sent.operands)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            buffer.append("{\"output\":")
            buffer.append(result.output, as: sent.replySpelling)
            buffer.append(",\"algorithm\":\"")
            buffer.append(result.algorithm.name)
            buffer.append("\"")
            if sent.explains {
                let explanation = Explanation(
                    convolution, result, milliseconds: timing.milliseconds(.compute))
                buffer.append(",\"explain\":")
                buffer.append(explanation.text)
            }
            buffer.append("}\n")
            return .json(buffer)
        }
    }
}

extension HTTPResponse {
    /// A reply of JSON that is printed already.
    static func json(_ buffer: ByteBuffer) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")], body: HTTPBody(buffer))
    }
}
