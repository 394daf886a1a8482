// SPDX-License-Identifier: Apache-2.0

import JSONText

/// The only error body: RFC 9457 `application/problem+json`.
struct Problem: Equatable, Sendable {
    /// One fault and the value it was found in.
    struct Fault: Equatable, Sendable {
        /// RFC 6901; empty for the whole document.
        let pointer: String
        let detail: String
    }

    let status: Int
    /// The value, the rule and the cure.
    let detail: String
    var faults: [Fault] = []
    /// Header fields that belong to the status: `Allow`, `Retry-After`.
    var headers: [(name: String, value: String)] = []

    /// Also the title: it is the same for every problem of one kind, as the RFC wants it.
    var title: String { Self.titles[status] ?? "Refused" }

    static func == (a: Problem, b: Problem) -> Bool {
        a.status == b.status && a.detail == b.detail && a.faults == b.faults
    }

    /// The document, with the request's id for a reader of logs.
    func json(requestID: String) -> String {
        let faults = faults.map {
            "{\"pointer\":\(jsonString($0.pointer)),\"detail\":\(jsonString($0.detail))}"
        }
        let errors = faults.isEmpty ? "" : ",\"errors\":[\(faults.joined(separator: ","))]"
        return """
            {"type":"about:blank","title":\(jsonString(title)),"status":\(status),\
            "detail":\(jsonString(detail))\(errors),"request_id":\(jsonString(requestID))}

            """
    }

    private static let titles: [Int: String] = [
        400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
        408: "Request Timeout", 411: "Length Required", 413: "Content Too Large",
        414: "URI Too Long", 415: "Unsupported Media Type", 417: "Expectation Failed",
        422: "Unprocessable Content", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 503: "Service Unavailable", 505: "HTTP Version Not Supported",
    ]
}

extension Problem {
    /// What `failure` means for the request that `document` was read from.
    init(_ failure: RequestFailure, in document: RequestDocument) {
        switch failure {
        case .problem(let problem): self = problem
        case .field(let pointer, let reason): self.init(pointer: pointer, reason: reason)
        case .malformed(let offset):
            let fault =
                JSONDocument.fault(in: document.text)
                ?? .init(offset: offset, reason: "unexpected")
            self.init(malformed: fault)
        case .value(let offset, let below, let reason):
            var text = JSONDocument(
                document.text, sought: offset, hasReferences: !document.tensors.isEmpty)
            if let fault = text.check() {
                self.init(malformed: fault)
            } else {
                let pointer = text.pointer + below
                let place = pointer.isEmpty ? "" : pointer.dropFirst() + ": "
                self.init(pointer: pointer, reason: place + reason)
            }
        }
    }

    private init(pointer: String, reason: String) {
        self.init(
            status: 422, detail: reason, faults: [Fault(pointer: pointer, detail: reason)])
    }

    private init(malformed fault: JSONDocument.Fault) {
        self.init(
            status: 400, detail: "the body is not JSON: byte \(fault.offset): \(fault.reason)")
    }
}
