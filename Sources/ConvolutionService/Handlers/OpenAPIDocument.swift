// SPDX-License-Identifier: Apache-2.0

import CEmbedded
import HTTPTransport
import JSONText
import Yams

/// The two forms of the contract.
enum OpenAPIForm: Sendable { case yaml, json }

/// `GET /openapi.yaml`, `GET /openapi.json`: the file of the repository, carried in the binary.
enum OpenAPIDocument {
    static func response(_ form: OpenAPIForm) -> HTTPResponse {
        switch form {
        case .yaml:
            HTTPResponse(
                status: 200, headers: [("Content-Type", "application/yaml")],
                body: HTTPBody(ByteBuffer(immortal: yaml)))
        case .json: HTTPResponse(status: 200, contentType: "application/json", text: json)
        }
    }

    private static var yaml: UnsafeRawBufferPointer {
        let file = embedded_openapi_yaml()
        return UnsafeRawBufferPointer(start: file.bytes, count: file.byteCount)
    }

    /// Made when it is first asked for: 20 ms.
    private static let json: String = {
        guard let node = try? Yams.compose(yaml: String(decoding: yaml, as: UTF8.self)) else {
            preconditionFailure("openapi.yaml is no YAML; the tests should have said so")
        }
        return text(node) + "\n"
    }()

    private static func text(_ node: Node) -> String {
        switch node {
        case .mapping(let mapping):
            let members = mapping.map { "\(jsonString($0.key.string ?? "")):\(text($0.value))" }
            return "{\(members.joined(separator: ","))}"
        case .sequence(let sequence): return "[\(sequence.map(text).joined(separator: ","))]"
        case .scalar(let scalar): return self.text(scalar, node)
        case .alias: preconditionFailure("compose resolves aliases")
        }
    }

    /// By the YAML core schema: unquoted numbers, booleans and null are not strings.
    private static func text(_ scalar: Node.Scalar, _ node: Node) -> String {
        guard scalar.style == .plain else { return jsonString(scalar.string) }
        if let bool = node.bool { return "\(bool)" }
        if let int = node.int { return "\(int)" }
        if let number = node.float, number.isFinite { return "\(number)" }
        return node.null == nil ? jsonString(scalar.string) : "null"
    }
}
