// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText

extension ConvolutionService {
    /// `POST /v1/shape`: what convolutions would be, without their data.
    func describeShape(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try ShapeRequest(json: &cursor)
        }
        switch sent {
        case .layer(let layer, let input, let dtype):
            return exchange.reply(.json(try layer.convolution(input).description(dtype)))
        case .chain(let chain):
            return exchange.reply(.json(Self.description(of: chain, try chain.convolutions())))
        }
    }

    private static func description(
        of chain: LayerChain, _ convolutions: [Convolution]
    ) -> JSONObjectText {
        var field = ReceptiveField(spatialRank: chain.layers[0].operation.spatialRank)
        let layers = zip(chain.layers, convolutions).map { layer, convolution in
            field.pass(convolution.geometry)
            var text = JSONObjectText()
            text.add("operation", layer.operation.name.description)
            convolution.describe(chain.dtype, in: &text)
            text.add("receptive_field", field.size)
            text.add("jump", field.jump)
            text.add("start", field.start)
            return text
        }
        var reply = JSONObjectText()
        reply.add("layers", layers)
        reply.add("output_shape", convolutions.last!.geometry.outputShape)
        reply.add(
            "multiply_accumulates",
            convolutions.reduce(0) { SaturatingSum.of($0, $1.geometry.multiplyAccumulates) })
        reply.add(
            "parameter_count",
            convolutions.reduce(0) { SaturatingSum.of($0, $1.geometry.parameterCount) })
        return reply
    }
}

/// Sums of sizes that may each be near the largest number.
private enum SaturatingSum {
    static func of(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}

extension Convolution {
    fileprivate func description(_ dtype: DType) -> JSONObjectText {
        var text = JSONObjectText()
        describe(dtype, in: &text)
        return text
    }

    fileprivate func describe(_ dtype: DType, in text: inout JSONObjectText) {
        let elements = geometry.inputCount + geometry.parameterCount + geometry.outputCount
        text.add("output_shape", geometry.outputShape)
        text.add("effective_kernel", geometry.effectiveKernel)
        text.add("padding", geometry.paddingPairs)
        text.add("multiply_accumulates", geometry.multiplyAccumulates)
        text.add("parameter_count", geometry.parameterCount)
        text.add("bytes_moved", elements * dtype.byteCount)
        text.add("algorithm", algorithm.name)
    }
}
