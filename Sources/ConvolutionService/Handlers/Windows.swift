// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

extension ConvolutionService {
    /// `POST /v1/unfold`
    func unfold(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try WindowRequest(json: &cursor, for: .unfold)
        }
        let geometry = try sent.geometry()
        return try exchange.windows(sent, geometry, geometry.columnsShape) {
            Unfold.run(geometry, image: sent.input.tensor)
        }
    }

    /// `POST /v1/fold`
    func fold(_ exchange: Exchange) throws(RequestFailure) -> HTTPOutcome {
        let sent = try exchange.document.decode { cursor throws(RequestFailure) in
            try WindowRequest(json: &cursor, for: .fold)
        }
        let geometry = try sent.geometry()
        return try exchange.windows(sent, geometry, geometry.imageShape) {
            Fold.run(geometry, columns: sent.input.tensor)
        }
    }
}

extension Exchange {
    /// Moves the windows, here if it is little work, and replies `{"output": tensor}`.
    ///
    /// Either way the work is in proportion to what was sent and what is replied, whose limits are those
    /// of every other request.
    fileprivate func windows(
        _ sent: WindowRequest, _ geometry: WindowGeometry, _ shape: [Int],
        _ move: @escaping @Sendable () -> Tensor
    ) throws(RequestFailure) -> HTTPOutcome {
        let form = try form(sent.spelling, [("output", shape)], sent.input.tensor.dtype)
        return outcome(isSmall: service.limits.isSmall(geometry), form) { _ in
            TensorReply("output", move())
        }
    }
}

extension ServiceLimits {
    /// Whether the work is done sooner than another thread wakes up.
    fileprivate func isSmall(_ geometry: WindowGeometry) -> Bool {
        max(geometry.columnsCount, geometry.imageCount) <= inlineOutputElements
    }
}
