// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import TensorFiles

/// `Accept-Encoding`: replies of JSON are compressed for those who ask, where they are large enough to be
/// worth it; the bytes of tensors never are, since they hardly shrink.
extension Compression {
    /// The one to send `response` in; nil for none.
    init?(for response: HTTPResponse, to request: HTTPRequest, from byteCount: Int) {
        guard response.status == 200, response.body.byteCount >= byteCount,
            response.header("Content-Type") == "application/json",
            !request.isInference || request.method == .post,
            let accepted = request.header(.acceptEncoding)
        else { return nil }
        let weighted = [Compression.zstd, .gzip, .deflate].map {
            (coding: $0, weight: MediaType.weight(of: $0.rawValue, in: accepted))
        }
        guard let best = weighted.max(by: { $0.weight < $1.weight }), best.weight > 0 else {
            return nil
        }
        self = weighted.first { $0.weight == best.weight }!.coding
    }

    func compressed(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        let bytes: OwnedBytes
        switch response.body {
        case .empty: return response
        case .bytes(let whole): bytes = whole.withUnsafeBytes { compress([$0]) }
        case .parts(let parts): bytes = compress(parts.map(\.readable))
        }
        response.headers += [("Content-Encoding", rawValue), ("Vary", "Accept-Encoding")]
        response.body = HTTPBody(ByteBuffer(bytes))
        return response
    }
}

extension ByteBuffer {
    /// Bytes that were expanded or compressed, where they are.
    convenience init(_ bytes: OwnedBytes) {
        self.init(adopting: bytes.base, count: bytes.count, capacity: bytes.count) { _ in
            withExtendedLifetime(bytes) {}
        }
    }
}
