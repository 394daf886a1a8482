// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import Foundation
import HTTPTransport
import Logging

/// A caller without a socket.
struct Client: Sendable {
    let service: ConvolutionService
    let status = ServerStatus()

    init(limits: ServiceLimits = ServiceLimits()) {
        service = ConvolutionService(
            limits: limits, status: status,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func send(_ request: HTTPRequest) -> Reply { Reply(service.handler(request).resolved()) }

    func get(_ path: String, headers: [(name: String, value: String)] = []) -> Reply {
        send(HTTPRequest(.get, path, headers: headers))
    }

    func post(
        _ operation: String, _ body: String, headers: [(name: String, value: String)] = []
    ) -> Reply {
        send(HTTPRequest(.post, "/v1/\(operation)", headers: headers, body: Array(body.utf8)))
    }

    func post(_ operation: String, bytes: [UInt8]) -> Reply {
        send(HTTPRequest(.post, "/v1/\(operation)", body: bytes))
    }
}

/// A reply and what is in it.
struct Reply {
    let response: HTTPResponse
    let text: String

    init(_ response: HTTPResponse) {
        self.response = response
        text = String(decoding: response.body.collected, as: UTF8.self)
    }

    var status: Int { response.status }
    /// By a strict parser that is not ours; nil if it is no JSON object.
    var json: [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
    }
    var detail: String { json?["detail"] as? String ?? "" }
    var faults: [[String: String]] { json?["errors"] as? [[String: String]] ?? [] }
    var pointer: String? { faults.first?["pointer"] }
    /// The output's numbers, whatever its nesting.
    var output: [Double] { flattened(json?["output"]) }

    /// Whether it is a problem document with all that belongs to one.
    var isProblem: Bool {
        guard let json, response.header("Content-Type") == "application/problem+json" else {
            return false
        }
        return json["type"] as? String == "about:blank" && json["status"] as? Int == status
            && json["title"] is String && !detail.isEmpty && json["request_id"] is String
    }
}

/// The numbers of a nested list or of a flat tensor's data.
func flattened(_ value: Any?) -> [Double] {
    switch value {
    case let list as [Any]: list.flatMap { flattened($0) }
    case let object as [String: Any]: flattened(object["data"])
    case let number as NSNumber: [number.doubleValue]
    case let text as String: [["NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity][text]!]
    default: []
    }
}
