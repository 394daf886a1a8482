// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// What a handler reads: parameters as a JSON document, and the tensors that came beside it.
///
/// A body of JSON is its own document. A body of any other encoding has its tensors read first; its
/// parameters, from the query or from the file, become a document in which each tensor stands as a
/// reference (``JSONCursor/reference``). So every encoding is read by the same code, with the same rules
/// and the same pointers.
struct RequestDocument: @unchecked Sendable {
    /// How the body was written.
    let encoding: TensorEncoding
    /// The document; 64 zero bytes follow. Never written to, and owned by the request or ``owner``.
    let text: UnsafeRawBufferPointer
    /// What the references of the document mean.
    let tensors: [WireTensor]
    /// How an inference request wants its reply.
    let inference: InferenceReply?
    private let owner: ByteBuffer?

    /// A document without a body, for requests that have none.
    static let none = RequestDocument(.json, DocumentBuilder())

    /// A body of JSON, which is the request's or kept here.
    init(json body: RequestBody) {
        (encoding, text, tensors, owner) = (.json, body.bytes, [], body.owner)
        inference = nil
    }

    /// JSON in front of something else; it outlives the document.
    init(header: UnsafeRawBufferPointer) {
        (encoding, text, tensors, owner) = (.json, header, [], nil)
        inference = nil
    }

    /// Tensors, and the document that refers to them.
    init(
        _ encoding: TensorEncoding, _ builder: DocumentBuilder, inference: InferenceReply? = nil
    ) {
        let buffer = ByteBuffer(capacity: 1024)
        buffer.append(builder.text)
        let count = buffer.count
        buffer.append(Self.slack)
        buffer.count = count
        (self.encoding, text, owner) = (encoding, buffer.readable, buffer)
        tensors = builder.tensors
        self.inference = inference
    }

    /// Zero bytes that readers may look at behind the document.
    private static let slack = String(repeating: "\0", count: 64)
}

extension RequestDocument {
    /// Reads the whole document with `read`.
    func decode<Value>(
        _ read: (inout JSONCursor) throws(RequestFailure) -> Value
    ) throws(RequestFailure) -> Value {
        guard !text.isEmpty else { throw .malformed(at: 0) }
        var cursor = JSONCursor(text, tensors: tensors)
        cursor.skipBlank()
        guard cursor.next == UInt8(ascii: "{") else {
            throw .value(at: cursor.offset, "the body is an object, not \(cursor.describeNext())")
        }
        let value = try read(&cursor)
        try cursor.expectEnd()
        return value
    }
}
