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
    /// The JSON.
    let header: RequestBody
    /// Owns what ``tail`` points into.
    private let whole: RequestBody
    private var tail: UnsafeRawBufferPointer

    /// - Parameter headerByteCount: what `Inference-Header-Content-Length` says; nil without it
    init(_ body: RequestBody, headerByteCount: String?) throws(RequestFailure) {
        whole = body
        guard let text = headerByteCount else {
            header = body
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
        header = RequestBody(copying: UnsafeRawBufferPointer(rebasing: body.bytes[..<count]))
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
