// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import TensorFiles

/// The bytes of a request's body, expanded if they came compressed (`Content-Encoding`), or a copy of text.
///
/// Whoever keeps ``bytes`` keeps the value, since it may be their only owner.
struct RequestBody {
    /// 64 zero bytes follow.
    let bytes: UnsafeRawBufferPointer
    /// Of the expanded bytes; nil where ``bytes`` are the request's own.
    let owner: ByteBuffer?

    init(_ request: HTTPRequest, _ limits: ServiceLimits) throws(RequestFailure) {
        guard let compression = try Compression(of: request) else {
            (bytes, owner) = (request.body, nil)
            return
        }
        let buffer = try Self.expanded(request.body, compression, limits.maxExpandedBytes)
        (bytes, owner) = (buffer.readable, buffer)
    }

    /// A copy, for text that does not have the zeros behind it which a reader of JSON relies on.
    init(copying text: UnsafeRawBufferPointer) {
        let slack = 64
        let buffer = ByteBuffer(capacity: text.count + slack)
        buffer.append(text)
        (buffer.base + text.count).initializeMemory(as: UInt8.self, repeating: 0, count: slack)
        (bytes, owner) = (buffer.readable, buffer)
    }

    private static func expanded(
        _ body: UnsafeRawBufferPointer, _ compression: Compression, _ most: Int
    ) throws(RequestFailure) -> ByteBuffer {
        do {
            return ByteBuffer(try compression.expand(body, maxExpandedByteCount: most))
        } catch {
            switch error {
            case .tooLarge(let reason): throw .tooLarge(reason)
            case .malformed(let reason):
                throw .problem(
                    Problem(
                        status: 400, detail: "the body is no \(compression.rawValue): \(reason)"))
            }
        }
    }
}

extension RequestFailure {
    /// 413 for what is small until it is expanded.
    static func tooLarge(_ reason: String) -> RequestFailure {
        .problem(
            Problem(
                status: 413,
                detail: """
                    \(reason); or start the server with a larger --max-expanded-bytes \
                    (CONVSERVE_MAX_EXPANDED_BYTES)
                    """))
    }
}

extension Compression {
    /// What `Content-Encoding` says; nil for none.
    init?(of request: HTTPRequest) throws(RequestFailure) {
        guard let coding = request.header(.contentEncoding)?.lowercased(), coding != "identity"
        else { return nil }
        guard let compression = Compression(rawValue: coding == "x-gzip" ? "gzip" : coding) else {
            throw .problem(
                Problem(
                    status: 415,
                    detail: """
                        Content-Encoding \(Suggestion.quoted(coding)) is not read; send gzip, \
                        deflate, zstd, or the body as it is
                        """,
                    headers: [("Accept-Encoding", "gzip, deflate, zstd")]))
        }
        self = compression
    }
}
