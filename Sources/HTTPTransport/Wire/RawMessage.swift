// SPDX-License-Identifier: Apache-2.0

/// A whole reply as bytes, for connections whose request libmicrohttpd will never see the end of.
enum RawMessage {
    static func bytes(of response: HTTPResponse, id: String) -> [UInt8] {
        var head = "HTTP/1.1 \(response.status) \(reason(response.status))\r\nConnection: close\r\n"
        for (name, value) in response.headers where HeaderBlock.isSendable(name, value) {
            head += "\(name): \(value)\r\n"
        }
        head += "X-Request-Id: \(id)\r\nContent-Length: \(response.body.byteCount)\r\n\r\n"
        return Array(head.utf8) + response.body.collected
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 503: "Service Unavailable"
        default: "Refused"
        }
    }
}
