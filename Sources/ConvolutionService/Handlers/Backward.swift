// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/conv1d/backward` ... `/v1/conv_transpose3d/backward`
    func backward(
        _ operation: ConvolutionOperation, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.decode { cursor throws(RequestFailure) in
            try BackwardRequest(json: &cursor, for: operation)
        }
        let convolution = try sent.convolution()
        let spelling = sent.forward.replySpelling
        let dtype = sent.forward.input.tensor.dtype
        var byteCount = 0
        for shape in convolution.geometry.gradientShapes(sent.needs) {
            byteCount += try limits.replyByteCount(spelling, shape: shape, dtype: dtype)
        }
        // The input's gradient, the weight's, and the sums again where there is an activation.
        try limits.check(convolution, dtype, passes: 3)
        let isSmall = limits.isSmall(convolution, passes: 3)
        return exchange.outcome(isSmall: isSmall) {
            [replies, byteCount] timing throws(RequestFailure) in
            let buffer = try replies.buffer(capacity: byteCount)
            let gradients = convolution.gradients(
                sent.forward.operands, gradOutput: sent.gradOutput.tensor, needs: sent.needs)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            buffer.append(gradients, as: spelling)
            return .json(buffer)
        }
    }
}

extension ConvolutionGeometry {
    fileprivate func gradientShapes(_ needs: Gradients.Needs) -> [[Int]] {
        let all: [(Gradients.Needs, [Int])] = [
            (.input, inputShape), (.weight, weightShape), (.bias, [outputChannels]),
            (.add, outputShape),
        ]
        return all.filter { needs.contains($0.0) }.map(\.1)
    }
}

extension ByteBuffer {
    /// `{"grad_input": tensor, ...}`, as many as were wanted.
    fileprivate func append(_ gradients: Gradients.Result, as spelling: TensorSpelling) {
        let members: [(StaticString, Tensor?)] = [
            ("\"grad_input\":", gradients.input), ("\"grad_weight\":", gradients.weight),
            ("\"grad_bias\":", gradients.bias), ("\"grad_add\":", gradients.add),
        ]
        append("{")
        var isFirst = true
        for case (let name, let tensor?) in members {
            if !isFirst { append(",") }
            append(name.description)
            append(tensor, as: spelling)
            isFirst = false
        }
        append("}\n")
    }
}
