// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText

extension ConvolutionService {
    /// `POST /v1/kernel_matrix`: the matrix that a convolution is.
    func describeKernelMatrix(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try KernelMatrixRequest(json: &cursor)
        }
        let geometry = try sent.geometry()
        let shape = try sent.matrixShape(geometry)
        let form = try exchange.form(sent.spelling, [("matrix", shape)], sent.weight.tensor.dtype)
        return exchange.outcome(isSmall: limits.isSmallMatrix(shape, geometry), form) {
            _ throws(RequestFailure) in
            var reply = TensorReply("matrix", try sent.matrix(geometry))
            reply.add("output_shape", json: jsonList(geometry.outputShape))
            reply.add("input_shape", json: jsonList(geometry.inputShape))
            return reply
        }
    }
}

extension KernelMatrixRequest {
    fileprivate func matrixShape(
        _ geometry: ConvolutionGeometry
    ) throws(RequestFailure) -> [Int] {
        do {
            return try KernelMatrix.shape(geometry)
        } catch {
            throw failure(error)
        }
    }

    fileprivate func matrix(_ geometry: ConvolutionGeometry) throws(RequestFailure) -> Tensor {
        do {
            return try KernelMatrix.dense(geometry, weight: weight.tensor)
        } catch {
            throw failure(error)
        }
    }
}

extension ServiceLimits {
    /// Whether the work is done sooner than another thread wakes up: filling the matrix with zeros, and
    /// finding its entries.
    fileprivate func isSmallMatrix(_ shape: [Int], _ geometry: ConvolutionGeometry) -> Bool {
        shape.reduce(1, *) <= inlineOutputElements
            && geometry.multiplyAccumulates <= inlineMultiplyAccumulates
            && max(shape[0], geometry.kernel.count) <= inlineOutputElements
    }
}
