// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

/// `POST /v2/models/{model}/infer` as sent: the JSON header, and the bytes of the tensors behind it
/// (Open Inference Protocol v2 with the binary tensor data extension).
struct InferenceRequest {
    /// One of `inputs`.
    struct Input {
        let name: String
        let tensor: WireTensor
    }

    /// One of `outputs`.
    struct Output: Sendable {
        let name: String
        /// Whether its elements are to come as bytes; nil leaves it to the request.
        let isBinary: Bool?
    }

    var id: String?
    /// KServe's clients repeat the path's model; `offset` is where.
    var model: (name: String, offset: Int)?
    var inputs: [Input] = []
    var outputs: [Output]?
    /// Whether outputs that do not say otherwise come as bytes.
    var wantsBinary = false
    /// The operation's parameters, as JSON.
    var parameters: [(name: String, json: String)] = []
}

/// Where the header ends, and what of the bytes behind it was taken.
struct InferenceBody {
    /// 64 bytes that may be read follow, the first of them 0.
    let header: UnsafeRawBufferPointer
    private var tail: UnsafeRawBufferPointer
    private let owner: ByteBuffer?

    /// - Parameter headerByteCount: what `Inference-Header-Content-Length` says; nil without it
    init(_ body: RequestBody, headerByteCount: String?) throws(RequestFailure) {
        guard let text = headerByteCount else {
            (header, owner) = (body.bytes, body.owner)
            tail = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let count = Self.count(text), count <= body.bytes.count else {
            throw .problem(
                Problem(
                    status: 400,
                    detail: """
                        Inference-Header-Content-Length is \(Suggestion.quoted(text)); it is the \
                        number of bytes of the JSON in front of the tensors, at most the body's \
                        \(body.bytes.count)
                        """))
        }
        // The bytes behind the header are not the zeros that a reader of JSON relies on.
        let copy = ByteBuffer(capacity: count + 64)
        copy.append(UnsafeRawBufferPointer(rebasing: body.bytes[..<count]))
        copy.append(String(repeating: "\0", count: 64))
        copy.count = count
        (header, owner) = (copy.readable, copy)
        tail = UnsafeRawBufferPointer(rebasing: body.bytes[count...])
    }

    private static func count(_ text: String) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? Int(text) : nil
    }

    /// Bytes that no input has taken.
    var unusedByteCount: Int { tail.count }

    /// The next bytes behind the header; nil if there are not as many.
    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= tail.count else { return nil }
        defer { tail = UnsafeRawBufferPointer(rebasing: tail[count...]) }
        return UnsafeRawBufferPointer(rebasing: tail[..<count])
    }
}
