// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTPTransport

/// Which encoding a request's body has.
extension TensorEncoding {
    /// What `Content-Type` says. Nil where there is none, or where it says nothing: the form that curl
    /// claims for whatever it sends, and bytes without a shape.
    static func declared(_ request: HTTPRequest) throws(RequestFailure) -> TensorEncoding? {
        try request.withHeader(.contentType) { field -> Result<Self?, RequestFailure> in
            guard let field else { return .success(nil) }
            // Almost every request: no text is made of it.
            if strcmp(field, "application/json") == 0 { return .success(.json) }
            return named(String(cString: field))
        }.get()
    }

    private static func named(_ contentType: String) -> Result<Self?, RequestFailure> {
        if let encoding = TensorEncoding(contentType) { return .success(encoding) }
        let essence = MediaType.essence(contentType)
        if essence == "application/x-www-form-urlencoded" { return .success(nil) }
        guard let encoding = TensorEncoding(essence) else {
            return .failure(unsupported("Content-Type \(Suggestion.quoted(contentType))"))
        }
        if encoding == .json, let charset = MediaType.charset(contentType),
            charset != "utf-8", charset != "utf8"
        {
            return .failure(
                .problem(
                    Problem(status: 415, detail: "JSON is UTF-8; charset \(charset) is not read")))
        }
        return .success(encoding)
    }

    /// The encoding of the body, by its beginning where the header does not tell it.
    static func found(
        _ declared: TensorEncoding?, in body: UnsafeRawBufferPointer
    ) throws(RequestFailure) -> TensorEncoding {
        if let declared { return declared }
        guard let sniffed = TensorEncoding(sniffing: body) else {
            throw unsupported("a body without Content-Type that begins like none of them")
        }
        return sniffed
    }

    private static func unsupported(_ what: String) -> RequestFailure {
        let accepted = negotiable.map(\.mediaType).joined(separator: ", ")
        return .problem(
            Problem(status: 415, detail: "\(what) is not read here; send \(accepted)"))
    }
}
