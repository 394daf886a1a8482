// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/kernel_matrix`: the matrix that a convolution is.
    func describeKernelMatrix(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.decode { cursor throws(RequestFailure) in
            try KernelMatrixRequest(json: &cursor)
        }
        let geometry = try sent.geometry()
        let shape = try sent.matrixShape(geometry)
        let byteCount = try limits.replyByteCount(
            sent.replySpelling, shape: shape, dtype: sent.weight.tensor.dtype)
        let isSmall = limits.isSmallMatrix(shape, geometry)
        return exchange.outcome(isSmall: isSmall) { [replies] timing throws(RequestFailure) in
            let buffer = try replies.buffer(capacity: byteCount)
            let matrix = try sent.matrix(geometry)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            buffer.append("{\"matrix\":")
            buffer.append(matrix, as: sent.replySpelling)
            buffer.append(",\"output_shape\":\(jsonList(geometry.outputShape))")
            buffer.append(",\"input_shape\":\(jsonList(geometry.inputShape))}\n")
            return .json(buffer)
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
