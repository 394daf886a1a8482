// SPDX-License-Identifier: Apache-2.0

/// A reply. The transport adds `X-Request-Id`, `Date`, `Content-Length` and, when it closes,
/// `Connection`.
public struct HTTPResponse: Sendable {
    /// The status code, 200 to 599.
    public var status: Int
    /// Header fields in the order in which they are sent. No CR, LF or NUL; a field with one is
    /// left out.
    public var headers: [(name: String, value: String)]
    /// What follows the header.
    public var body: HTTPBody

    /// A reply with its header and body.
    public init(
        status: Int, headers: [(name: String, value: String)] = [], body: HTTPBody = .empty
    ) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    /// A short reply of text.
    public init(status: Int, contentType: String, text: String) {
        self.init(status: status, headers: [("Content-Type", contentType)], body: HTTPBody(text))
    }

    /// The reply to `OPTIONS`: 204 and the methods that the path has.
    public static func options(allow: String) -> HTTPResponse {
        HTTPResponse(status: 204, headers: [("Allow", allow)])
    }

    /// The first field of that name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
