// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// Which web pages may call from a browser: cross-origin resource sharing, as the Fetch standard has it.
public struct CrossOrigin: Sendable {
    private let origins: Set<String>
    private let allowsAny: Bool

    /// No page may.
    public static let none = CrossOrigin(origins: [])

    private init(origins: [String]) {
        self.origins = Set(origins)
        allowsAny = origins == ["*"]
    }

    /// `*` for every page, or origins with commas between them, such as
    /// `https://lab.example,http://localhost:8888`; nil for what is neither.
    public init?(_ list: String) {
        let origins = list.split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        guard origins == ["*"] || origins.allSatisfy(Self.isOrigin) else { return nil }
        self.init(origins: origins)
    }

    /// Scheme, host and perhaps a port, and nothing behind them.
    private static func isOrigin(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0].count > 1 && parts[0].hasSuffix(":")
            && parts[1].isEmpty && !parts[2].isEmpty && !parts[2].contains("*")
    }

    /// Whether no page may call, so that nothing has to be looked at.
    var isNone: Bool { origins.isEmpty }

    /// The reply, with what the caller's browser wants to see on it.
    func dressed(_ response: HTTPResponse, _ request: HTTPRequest) -> HTTPResponse {
        guard !isNone else { return response }
        var response = response
        if !allowsAny { response.headers.append(("Vary", "Origin")) }
        guard let origin = request.header(.origin),
            allowsAny || origins.contains(origin.lowercased())
        else { return response }
        response.headers.append(("Access-Control-Allow-Origin", allowsAny ? "*" : origin))
        if request.method == .options, request.header("Access-Control-Request-Method") != nil {
            response.headers += Self.preflight(response, request)
        } else {
            response.headers.append(("Access-Control-Expose-Headers", Self.exposed))
        }
        return response
    }

    /// What the real request may be like.
    private static func preflight(
        _ response: HTTPResponse, _ request: HTTPRequest
    ) -> [(name: String, value: String)] {
        var headers = [
            (name: "Access-Control-Allow-Methods", value: response.header("Allow") ?? ""),
            (name: "Access-Control-Allow-Headers", value: sendable),
            (name: "Access-Control-Max-Age", value: "600"),
        ]
        // A page of the public web that calls a server of a private network.
        if request.header("Access-Control-Request-Private-Network") == "true" {
            headers.append(("Access-Control-Allow-Private-Network", "true"))
        }
        return headers
    }

    private static let sendable = """
        Content-Type, Content-Encoding, Accept, X-Request-Id, Inference-Header-Content-Length, \
        Authorization
        """
    private static let exposed = """
        X-Request-Id, Server-Timing, Retry-After, Inference-Header-Content-Length, \
        Convserve-Algorithm, Convserve-Explain, Convserve-Shape, Convserve-Dtype, \
        Convserve-Output-Shape, Convserve-Input-Shape, Convserve-Verify
        """
}
