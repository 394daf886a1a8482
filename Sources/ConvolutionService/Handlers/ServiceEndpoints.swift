// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText

extension Endpoint {
    /// The media types that a reply of 200 may have.
    var replyTypes: [String] {
        switch self {
        case .metrics: ["text/plain"]
        case .index: ["text/html"]
        case .openAPI(.yaml): ["application/yaml"]
        case .convolution, .backward, .unfold, .fold, .kernelMatrix, .fuse:
            TensorEncoding.negotiable.map(\.mediaType)
        case .fuseCheckpoint: [.safetensors, .json].map(\TensorEncoding.mediaType)
        case .inference(.infer): ["application/json", TensorEncoding.openInference.mediaType]
        case .inference, .compare, .shape, .capabilities, .health, .readiness, .openAPI(.json):
            ["application/json"]
        }
    }
}

extension Exchange {
    /// A reply that took no work.
    func reply(_ response: HTTPResponse) -> HTTPOutcome {
        outcome(isSmall: true) { _ in response }
    }
}

extension ConvolutionService {
    /// `GET /v1`
    var capabilities: HTTPResponse {
        var reply = JSONObjectText()
        reply.add("name", "convserve")
        reply.add("version", Self.version)
        reply.add("operations", Routes.operations)
        reply.add("encodings", TensorEncoding.negotiable.map(\.mediaType))
        reply.add("formats", TensorSpelling.names())
        reply.add("dtypes", WireDType.names())
        reply.add("instruction_set", InstructionSet.current.name)
        reply.add("threads", ProcessorCount.available)
        reply.add("limits", describedLimits)
        return .json(reply)
    }

    private var describedLimits: JSONObjectText {
        var text = JSONObjectText()
        text.add("max_body_bytes", serverLimits.maxBodyBytes)
        text.add("max_body_bytes_in_flight", serverLimits.maxBodyBytesInFlight)
        text.add("max_expanded_bytes", limits.maxExpandedBytes)
        text.add("max_output_bytes", limits.maxOutputBytes)
        text.add("max_reply_bytes_in_flight", limits.maxReplyBytesInFlight)
        text.add("max_multiply_accumulates", limits.maxMultiplyAccumulates)
        text.add("max_connections", serverLimits.maxConnections)
        text.add("idle_timeout_seconds", serverLimits.idleTimeoutSeconds)
        text.add("body_timeout_seconds", serverLimits.bodyTimeoutSeconds)
        text.add("max_waiting", serverLimits.maxWaiting)
        return text
    }

    /// `GET /readyz`
    func readiness() throws(RequestFailure) -> HTTPResponse {
        guard status.isDraining else { return .health("ready") }
        throw .problem(
            Problem(
                status: 503,
                detail: "the server finishes its work before it stops; use another one",
                headers: [("Retry-After", "1")]))
    }

    /// `GET /metrics`
    var metricsPage: HTTPResponse {
        let labels = [("version", Self.version), ("instruction_set", InstructionSet.current.name)]
        return HTTPResponse(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
            text: metrics.text(status, labels: labels))
    }
}

extension HTTPResponse {
    static func json(_ object: JSONObjectText) -> HTTPResponse {
        HTTPResponse(status: 200, contentType: "application/json", text: object.text + "\n")
    }

    static func health(_ status: String) -> HTTPResponse {
        var object = JSONObjectText()
        object.add("status", status)
        return json(object)
    }

    /// `GET /`: for people who open the address in a browser.
    static let index = HTTPResponse(
        status: 200, contentType: "text/html; charset=utf-8",
        text: """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>convserve</title>
            <h1>convserve</h1>
            <p>Convolutions over HTTP, with PyTorch's names, defaults and answers.</p>
            <pre>curl -H 'Content-Type: application/json' -d \
            '{"input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "weight": [[1, 0], [0, -1]]}' \
            /v1/conv2d</pre>
            <ul>
            <li><a href="/v1">/v1</a>: what this server can do
            <li><a href="/openapi.yaml">/openapi.yaml</a>: the contract, also as
            <a href="/openapi.json">/openapi.json</a>
            <li><a href="/metrics">/metrics</a>: counts and times
            </ul>
            </html>

            """)
}
