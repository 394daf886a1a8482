// SPDX-License-Identifier: Apache-2.0

/// What a handler reads: parameters as a JSON document, and the tensors that came beside it.
///
/// A body of JSON is its own document. A body of any other encoding has its tensors read first; its
/// parameters, from the query or from the file, become a document in which each tensor stands as a
/// reference (``JSONCursor/reference``). So every encoding is read by the same code, with the same rules
/// and the same pointers.
struct RequestDocument: @unchecked Sendable {
    /// How the body was written.
    let encoding: TensorEncoding
    /// The document, which the request or this value owns. Never written to.
    private let body: RequestBody
    /// What the references of the document mean.
    let tensors: [WireTensor]
    /// How an inference request wants its reply.
    let inference: InferenceReply?
    /// A file that is read where it lies.
    let file: RequestBody?

    /// The document's text; 64 zero bytes follow.
    var text: UnsafeRawBufferPointer { body.bytes }

    /// A document without a body, for requests that have none.
    static let none = RequestDocument(.json, DocumentBuilder())

    /// A body of JSON.
    init(json body: RequestBody) {
        (encoding, self.body, tensors) = (.json, body, [])
        (inference, file) = (nil, nil)
    }

    /// Tensors, and the document that refers to them.
    init(
        _ encoding: TensorEncoding, _ builder: DocumentBuilder, inference: InferenceReply? = nil,
        file: RequestBody? = nil
    ) {
        (self.encoding, self.inference, self.file) = (encoding, inference, file)
        tensors = builder.tensors
        var text = builder.text
        body = text.withUTF8 { RequestBody(copying: UnsafeRawBufferPointer($0)) }
    }
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
