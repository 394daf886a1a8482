// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Testing

/// Headers on which a proxy and we could disagree about where a request ends: refused, and the
/// connection ends.
@Suite struct FramingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String, header: String, status: Int, reason: HTTPRefusal.Reason
        var method = "POST", version = "1.1"
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(
            name: "TE and CL", header: "Content-Length: 3\r\nTransfer-Encoding: chunked",
            status: 400, reason: .conflictingLength),
        Row(
            name: "two CL", header: "Content-Length: 3\r\nContent-Length: 3", status: 400,
            reason: .conflictingLength),
        Row(
            name: "two TE", header: "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            status: 400, reason: .conflictingLength),
        Row(
            name: "two Host", header: "Host: y\r\nContent-Length: 3", status: 400,
            reason: .conflictingLength),
        Row(
            name: "two IHCL",
            header:
                "Inference-Header-Content-Length: 1\r\ninference-header-content-length: 2\r\nContent-Length: 3",
            status: 400, reason: .conflictingLength),
        Row(
            name: "gzip", header: "Transfer-Encoding: gzip, chunked", status: 501,
            reason: .unsupportedTransferCoding),
        Row(
            name: "identity", header: "Transfer-Encoding: identity", status: 501,
            reason: .unsupportedTransferCoding),
        Row(
            name: "chunked in HTTP/1.0", header: "Transfer-Encoding: chunked", status: 501,
            reason: .unsupportedTransferCoding, version: "1.0"),
        Row(
            name: "space before colon", header: "Content-Length : 3", status: 400,
            reason: .malformedHeader),
        Row(
            name: "control character", header: "X-A: \u{1}\r\nContent-Length: 3", status: 400,
            reason: .malformedHeader),
        Row(name: "no length", header: "X-A: b", status: 411, reason: .lengthRequired),
        Row(
            name: "no length, PUT", header: "X-A: b", status: 411, reason: .lengthRequired,
            method: "PUT"),
        Row(
            name: "no length in HTTP/1.0", header: "X-A: b", status: 411, reason: .lengthRequired,
            version: "1.0"),
        Row(
            name: "Expect", header: "Expect: 200-ok\r\nContent-Length: 3", status: 417,
            reason: .expectationUnknown),
        Row(
            name: "3 GiB", header: "Content-Length: 3221225472", status: 413, reason: .bodyTooLarge),
        Row(
            name: "2^62", header: "Content-Length: 4611686018427387904", status: 413,
            reason: .bodyTooLarge),
    ]

    @Test(arguments: rows) func refused(_ row: Row) throws {
        let client = try TestServer.shared.client()
        let reply = try client.exchange(
            "\(row.method) /echo HTTP/\(row.version)\r\nHost: x\r\n\(row.header)\r\n\r\n")
        #expect(reply.status == row.status)
        #expect(reply.text.contains(#""reason":"\#(row.reason.rawValue)""#), "\(reply.text)")
        #expect(reply["Content-Type"] == "application/problem+json")
        #expect(reply.text.contains(#""id":"\#(reply["X-Request-Id"] ?? "none")""#))
        #expect(reply["Connection"]?.lowercased() == "close")
        #expect(client.ends())
    }

    /// libmicrohttpd refuses these itself, in plain words (and sends its header twice).
    @Test(arguments: ["-1", "+3", "3 3", "0x3", "99999999999999999999", "3,3"])
    func badLength(_ length: String) throws {
        let client = try TestServer.shared.client()
        let reply = try client.exchange(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
        #expect(reply.status == 400 || reply.status == 413)
        while (try? client.receive()) == true {}
        #expect(client.hasEnded)
    }

    @Test func bareLineFeedsAreTaken() throws {
        let reply = try TestServer.shared.client().exchange(
            "POST /echo HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc")
        #expect(reply.text == "abc")
    }

    @Test func noHost() throws {
        #expect(
            try TestServer.shared.client().exchange("GET /hello HTTP/1.1\r\n\r\n").status == 400)
    }

    @Test func largeHeader() throws {
        let client = try TestServer.shared.client()
        try? client.send(
            "GET /hello HTTP/1.1\r\nHost: x\r\nX-A: \(String(repeating: "a", count: 1 << 20))\r\n\r\n"
        )
        if let reply = try? client.reply() { #expect([431, 414].contains(reply.status)) }
        #expect(
            try TestServer.shared.client().exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status
                == 200)
    }

    @Test func headerJustTooLarge() throws {
        let header = String(repeating: "a", count: 40_000)
        let reply = try TestServer.shared.client().exchange(
            "GET /hello HTTP/1.1\r\nHost: x\r\nX-A: \(header)")
        #expect(reply.status == 431)
    }

    @Test func noRequestAtAll() throws {
        let client = try TestServer.shared.client()
        try client.send("\u{1}\u{2}\u{3}\r\n\r\n")
        if let reply = try? client.reply() { #expect(reply.status >= 400) }
        #expect(client.ends())
    }
}
