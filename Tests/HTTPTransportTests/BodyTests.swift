// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTPTransport
import Testing

@Suite struct BodyTests {
    static let limit = 1 << 20

    /// Both sides of the inline bound, of a read buffer and of the limit.
    @Test(arguments: [0, 1, 63, 64, 16_383, 16_384, 16_385, 100_000, limit - 1, limit])
    func arrivesWhole(_ size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 8) }
        for path in ["/echo", "/compute"] {
            let reply = try TestServer.shared.client().post(body, to: path)
            #expect(reply.status == 200 && reply.body == body, "\(path)")
            #expect(reply["X-Slack"] == "true" && reply["X-Length"] == "\(size)")
            #expect(reply["X-Queued"] == "\(path == "/compute" || size > 16_384)")
        }
    }

    @Test(arguments: [[1], [5, 60_000, 3], [16_384, 16_384, 1], [limit - 10, 10], []])
    func chunked(_ sizes: [Int]) throws {
        let client = try TestServer.shared.client()
        let body = [UInt8](repeating: 65, count: sizes.reduce(0, +))
        for _ in 0..<2 {
            try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n")
            for size in sizes { try client.send(chunk(size)) }
            try client.send("0\r\nX-Trailer: t\r\n\r\n")
            let reply = try client.reply()
            #expect(reply.status == 200 && reply.body == body && reply["X-Slack"] == "true")
        }
    }

    @Test func chunkedOverTheLimitIsReadToItsEnd() throws {
        let client = try TestServer.shared.client()
        try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<5 { try client.send(chunk(500_000)) }
        try client.send("0\r\n\r\n")
        let reply = try client.reply()
        #expect(
            reply.status == 413 && reply.text.contains("bodyTooLarge")
                && reply.text.contains("1048576"))
        #expect(try client.post([1, 2]).body == [1, 2])
    }

    @Test func endlessChunksAreCutOff() throws {
        let client = try TestServer.shared.client()
        try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        let piece = chunk(1 << 20)
        #expect(throws: SocketFailure.self) { for _ in 0..<200 { try client.send(piece) } }
    }

    @Test func tooLargeIsReadAndRefused() throws {
        let client = try TestServer.shared.client()
        let reply = try client.post([UInt8](repeating: 0, count: 3 << 20))
        #expect(reply.status == 413)
        #expect(
            reply.text.contains("3145728") && reply.text.contains("1048576")
                && reply.text.contains("--max-body-bytes"))
        #expect(try client.post([1, 2]).body == [1, 2])
    }

    @Test func farTooLargeIsRefusedAtOnce() throws {
        let reply = try TestServer.shared.client().exchange(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\nabc")
        #expect(reply.status == 413 && reply["Connection"]?.lowercased() == "close")
    }

    @Test func expectationIsMet() throws {
        let client = try TestServer.shared.client()
        try client.send(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.reply().status == 100)
        try client.send("abc")
        #expect(try client.reply().text == "abc")
    }

    @Test func expectationIsRefused() throws {
        let client = try TestServer.shared.client()
        let reply = try client.exchange(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
        )
        #expect(reply.status == 413)
        #expect(client.ends())
    }

    @Test func expectationWithoutWaiting() throws {
        let client = try TestServer.shared.client()
        try client.send(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
        )
        let first = try client.reply()
        #expect(try first.status == 200 || client.reply().status == 200)
    }

    @Test func refusedBeforeTheBody() throws {
        let client = try TestServer.shared.client()
        let reply = try client.post(
            [UInt8](repeating: 0, count: 100_000), headers: "X-Refuse: no key\r\n")
        #expect(reply.status == 401 && reply.text == "no key")
        #expect(try client.post([7]).body == [7])
    }

    /// Admission is asked where a body is worth not receiving; the handler gets what is small.
    @Test func smallBodiesAreTheHandlersToRefuse() throws {
        let client = try TestServer.shared.client()
        let refuse = "X-Refuse: no key\r\n"
        let most = TestServer.shared.server.limits.inlineBodyByteCount
        #expect(try client.post([7], headers: refuse).body == [7])
        let small = [UInt8](repeating: 1, count: most)
        #expect(try client.post(small, headers: refuse).status == 200)
        #expect(try client.post(small + [1], headers: refuse).status == 401)
        let waiting = try TestServer.shared.client()
        try waiting.send(
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n"
                + refuse + "\r\n")
        #expect(try waiting.reply().status == 401)
        let chunked = try TestServer.shared.client()
        try chunked.send(
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + refuse
                + "\r\n1\r\na\r\n0\r\n\r\n")
        #expect(try chunked.reply().status == 401)
    }

    /// Noted in the one walk over the header: whatever the case of a name, the first of several.
    @Test func notedFields() throws {
        let client = try TestServer.shared.client()
        let reply = try client.post(
            [7],
            headers: """
                ACCEPT: a\r
                accept: b\r
                Accept-Encoding: c\r
                content-encoding: d\r
                Content-Type: e\r
                Origin: f\r
                x-request-id: g\r

                """)
        #expect(reply["X-Noted"] == "a c d e f g")
        #expect(try client.post([7])["X-Noted"] == "- - - - - -")
    }

    @Test(arguments: ["abc", ""]) func dripIsTimedOut(_ drip: String) throws {
        let slow = try TestServer { $0.bodyTimeoutSeconds = 1 }
        defer { slow.server.stop() }
        let client = try slow.client()
        try client.send(
            "POST /echo HTTP/1.1\r\nHost: x\r\nX-Request-Id: drip\r\nContent-Length: 1000\r\n\r\n")
        let start = Timestamp.now
        while Timestamp.now.milliseconds(since: start) < 800 {
            try client.send(drip)
            usleep(100_000)
        }
        let reply = try client.reply()
        #expect(
            reply.status == 408 && reply["X-Request-Id"] == "drip" && reply.text.contains("1 s"))
        #expect(client.ends())
        #expect(
            eventually {
                slow.server.status.inFlight == 0 && slow.server.status.bodyBytesInFlight == 0
            })
    }

    @Test func clientsThatLeaveWithinTheirBodyAreForgotten() throws {
        let server = try TestServer()
        defer { server.server.stop() }
        for size in [1, 20_000, 1_000_000, 3_000_000] {
            let client = try server.client()
            try client.send(
                "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
            try client.send([UInt8](repeating: 0, count: size))
            client.close()
        }
        #expect(eventually { server.server.status.inFlight == 0 })
        #expect(server.server.status.bodyBytesInFlight == 0)
    }

    @Test func bytesInFlightAreBounded() throws {
        let small = try TestServer { $0.maxBodyBytesInFlight = 100_000 }
        defer { small.server.stop() }
        let (first, second) = (try small.client(), try small.client())
        try first.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 150000\r\n\r\n")
        #expect(eventually { small.server.status.bodyBytesInFlight == 150_000 })
        let refused = try second.post([UInt8](repeating: 0, count: 20_000))
        #expect(
            refused.status == 503 && refused["Retry-After"] == "1"
                && refused.text.contains("tooManyBytesInFlight"))
        try first.send([UInt8](repeating: 1, count: 150_000))
        #expect(try first.reply().body.count == 150_000)
        #expect(try second.post([UInt8](repeating: 0, count: 20_000)).status == 200)
        #expect(eventually { small.server.status.bodyBytesInFlight == 0 })
    }

    private func chunk(_ size: Int) -> [UInt8] {
        Array("\(String(size, radix: 16))\r\n".utf8) + [UInt8](repeating: 65, count: size) + [
            13, 10,
        ]
    }
}
