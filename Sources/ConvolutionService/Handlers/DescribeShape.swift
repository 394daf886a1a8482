// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/shape`: what a convolution would be, without its data.
    func describeShape(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.decode { cursor throws(RequestFailure) in
            try ShapeRequest(json: &cursor)
        }
        return exchange.reply(.json(Self.description(of: try sent.convolution(), sent.dtype)))
    }

    private static func description(
        of convolution: Convolution, _ dtype: DType
    ) -> JSONObjectText {
        let geometry = convolution.geometry
        let elements = geometry.inputCount + geometry.parameterCount + geometry.outputCount
        var reply = JSONObjectText()
        reply.add("output_shape", geometry.outputShape)
        reply.add("effective_kernel", geometry.effectiveKernel)
        reply.add("padding", geometry.paddingPairs)
        reply.add("multiply_accumulates", geometry.multiplyAccumulates)
        reply.add("parameter_count", geometry.parameterCount)
        reply.add("bytes_moved", elements * dtype.byteCount)
        reply.add("algorithm", convolution.algorithm.name)
        return reply
    }
}
