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
        let geometry = try sent.geometry(operation)
        let dtype = sent.input.tensor.dtype
        let byteCount = try limits.replyByteCount(
            sent.replySpelling, shape: geometry.outputShape, dtype: dtype)
        try limits.checkWork(geometry)
        let isSmall = limits.isSmall(geometry)
        return exchange.outcome(isSmall: isSmall) { [replies] timing throws(RequestFailure) in
            let buffer = try replies.buffer(capacity: byteCount)
            let plan = ConvolutionPlan(geometry, dtype: dtype)
            let weights = plan.prepare(sent.weight.tensor, bias: sent.bias?.tensor)
            let output = plan.run(sent.input.tensor, weights)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            buffer.appendConvolution(output, sent.replySpelling, plan.algorithm)
            return .json(buffer)
        }
    }
}

extension ByteBuffer {
    /// `{"output": tensor, "algorithm": name}`
    fileprivate func appendConvolution(
        _ output: Tensor, _ spelling: TensorSpelling, _ algorithm: Algorithm
    ) {
        append("{\"output\":")
        append(output, as: spelling)
        append(",\"algorithm\":\"")
        append(algorithm.name)
        append("\"}\n")
    }
}

extension HTTPResponse {
    /// A reply of JSON that is printed already.
    static func json(_ buffer: ByteBuffer) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")], body: HTTPBody(buffer))
    }
}
