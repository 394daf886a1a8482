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
        let isSmall = limits.isSmall(geometry)
        return exchange.outcome(isSmall: isSmall) { timing in
            let plan = ConvolutionPlan(geometry, dtype: dtype)
            let weights = plan.prepare(sent.weight.tensor, bias: sent.bias?.tensor)
            let output = plan.run(sent.input.tensor, weights)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            return .convolution(
                output, sent.replySpelling, plan.algorithm.name, byteCount: byteCount)
        }
    }
}

extension HTTPResponse {
    /// `{"output": tensor, "algorithm": name}`, printed into one buffer.
    fileprivate static func convolution(
        _ output: Tensor, _ spelling: TensorSpelling, _ algorithm: String, byteCount: Int
    ) -> HTTPResponse {
        let buffer = ByteBuffer(capacity: byteCount)
        buffer.append("{\"output\":")
        buffer.append(output, as: spelling)
        buffer.append(",\"algorithm\":\"")
        buffer.append(algorithm)
        buffer.append("\"}\n")
        return .json(buffer)
    }

    /// A reply of JSON that is printed already.
    static func json(_ buffer: ByteBuffer) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")], body: HTTPBody(buffer))
    }
}
