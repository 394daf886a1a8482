// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// How tensors and parameters are written in a body: `Content-Type` chooses it for the request,
/// `Accept` for the reply. The place where safetensors, NumPy and Open Inference will be cases.
enum TensorEncoding: CaseIterable, Sendable {
    case json

    var mediaType: String {
        switch self {
        case .json: "application/json"
        }
    }

    /// The encoding of the request's body.
    init(ofBodyIn request: HTTPRequest) throws(RequestFailure) {
        let coding = request.header("Content-Encoding")
        if let coding, coding.lowercased() != "identity" {
            throw .unsupported(
                "Content-Encoding \(coding) is not read; send the body without compression")
        }
        self = try request.withHeader("Content-Type") { field -> Result<Self, RequestFailure> in
            guard let field else { return .success(.json) }
            return Self.named(String(cString: field))
        }.get()
    }

    private static func named(_ contentType: String) -> Result<Self, RequestFailure> {
        if contentType == "application/json" { return .success(.json) }
        let essence = MediaType.essence(contentType)
        guard let encoding = allCases.first(where: { $0.mediaType == essence }) else {
            return .failure(.unsupported(cure(for: contentType, essence)))
        }
        if let charset = MediaType.charset(contentType), charset != "utf-8", charset != "utf8" {
            return .failure(.unsupported("JSON is UTF-8; charset \(charset) is not read"))
        }
        return .success(encoding)
    }

    private static func cure(for contentType: String, _ essence: String) -> String {
        let accepted = allCases.map(\.mediaType).joined(separator: ", ")
        let given = "Content-Type \(Suggestion.quoted(contentType)) is not read here"
        return essence == "application/x-www-form-urlencoded"
            ? "\(given) (curl sends it by itself); add -H 'Content-Type: application/json'"
            : "\(given); send \(accepted)"
    }
}

extension RequestFailure {
    fileprivate static func unsupported(_ detail: String) -> RequestFailure {
        .problem(Problem(status: 415, detail: detail))
    }

    /// `*/*`
    private static func isAnything(_ accept: UnsafePointer<CChar>) -> Bool {
        accept[0] == 0x2A && accept[1] == 0x2F && accept[2] == 0x2A && accept[3] == 0
    }

    /// Refuses a caller whose `Accept` leaves out what the path replies with.
    static func checkAccept(_ request: HTTPRequest, _ mediaType: String) throws(RequestFailure) {
        let accept = request.withHeader("Accept") { field -> String? in
            guard let field, !isAnything(field) else { return nil }
            return String(cString: field)
        }
        guard let accept, !accept.isEmpty, !MediaType.isAccepted(mediaType, by: accept) else {
            return
        }
        throw .problem(
            Problem(
                status: 406,
                detail: """
                    Accept \(Suggestion.quoted(accept)) leaves out \(mediaType), which is what \
                    this path replies with; add it, or send Accept: */*
                    """))
    }
}
