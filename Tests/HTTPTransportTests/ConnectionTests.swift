// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Testing

@Suite struct ConnectionTests {
    @Test func keepsAlive() throws {
        let client = try TestServer.shared.client()
        for i in 0..<100 {
            #expect(try client.post(Array("request \(i)".utf8)).text == "request \(i)")
        }
    }

    @Test(arguments: ["/echo", "/compute"]) func pipelinedPosts(_ path: String) throws {
        let client = try TestServer.shared.client()
        let post = "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
        try client.send(post + "one" + post + "two" + "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try client.reply().text == "one")
        #expect(try client.reply().text == "two")
        #expect(try client.reply().text == "hello you")
    }

    @Test func pipelinedChunked() throws {
        let client = try TestServer.shared.client()
        let post =
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        try client.send(post + post)
        #expect(try client.reply().text == "abc")
        #expect(try client.reply().text == "abc")
    }

    @Test func requestInSinglePieces() throws {
        let client = try TestServer.shared.client()
        for byte in "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".utf8 {
            try client.send([byte])
        }
        #expect(try client.reply().text == "abc")
    }

    @Test func halfClosedInline() throws {
        let client = try TestServer.shared.client()
        try client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        client.endSending()
        #expect(try client.reply().text == "abc")
        #expect(client.ends())
    }

    /// libmicrohttpd 0.9.75 may read again when a connection is resumed, and takes the half for the
    /// whole: then there is no answer, but an end.
    @Test func halfClosedWhileComputed() throws {
        let clients = try (0..<10).map { _ in try TestServer.shared.client() }
        for client in clients {
            try client.send("POST /compute HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            client.endSending()
        }
        for client in clients {
            if let reply = try? client.reply() { #expect(reply.text == "abc") }
            #expect(client.hasEnded || client.ends())
        }
    }

    @Test func head() throws {
        let client = try TestServer.shared.client()
        try client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        let reply = try client.reply(hasBody: false)
        #expect(reply.status == 200 && reply["Content-Length"] == "9")
        #expect(try client.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").text == "hello you")
    }

    @Test func options() throws {
        let client = try TestServer.shared.client()
        let reply = try client.exchange("OPTIONS /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(reply.status == 204 && reply["Allow"] == "GET, HEAD, OPTIONS")
        #expect(try client.exchange("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").status == 204)
    }

    @Test func wrongMethod() throws {
        let client = try TestServer.shared.client()
        let reply = try client.exchange("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(reply.status == 405 && reply["Allow"] == "POST, OPTIONS")
        #expect(try client.exchange("BREW /echo HTTP/1.1\r\nHost: x\r\n\r\n").status == 405)
    }

    @Test func version10() throws {
        let client = try TestServer.shared.client()
        #expect(try client.exchange("GET /hello HTTP/1.0\r\n\r\n").text == "hello you")
        #expect(client.ends())
    }

    @Test(arguments: [
        ("/hello?name=a%20b%2Bc+d&x", 200, "hello a b+c d"),
        ("http://example.com/hello", 200, "hello you"),
        ("HTTP://example.com:80/hello?name=z", 200, "hello z"), ("/%68ello", 200, "hello you"),
        ("/hello/", 404, "no /hello/"),
        ("/items/../hello", 404, "no /items/../hello"), ("/items/%2e%2e", 404, "no /items/.."),
        ("/items/a%2Fb", 200, "a/b"),
        ("/items/%C3%A4%E2%82%AC", 200, "ä€"), ("/items/%zz", 404, "no /items/%zz"),
        ("/items/%00", 404, "no /items/%00"),
        ("/items/%ff", 404, "no /items/%ff"), ("//hello", 404, "no //hello"), ("/", 404, "no /"),
    ])
    func targets(_ target: String, _ status: Int, _ text: String) throws {
        let reply = try TestServer.shared.client().exchange(
            "GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(reply.status == status)
        #expect(reply.text == text)
    }

    @Test func manyPartsAreOneBody() throws {
        #expect(
            try TestServer.shared.client().exchange("GET /parts HTTP/1.1\r\nHost: x\r\n\r\n").text
                == "one two three")
    }

    @Test func replyHeadersCannotBeSplit() throws {
        let reply = try TestServer.shared.client().exchange(
            "GET /break HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(reply["X-A"] == nil && reply["X-B"] == nil && reply["X-C"] == "3")
    }

    @Test func requestIDs() throws {
        let client = try TestServer.shared.client()
        #expect(
            try client.post([], headers: "X-Request-Id: my-id.1\r\n")["X-Request-Id"] == "my-id.1")
        for bad in ["a b", "", "<script>", String(repeating: "a", count: 129), "ä"] {
            let id = try client.post([], headers: "X-Request-Id: \(bad)\r\n")["X-Request-Id"]
            #expect(id?.utf8.count == 13, "\(bad) gave \(id ?? "none")")
        }
        let ids = try (0..<200).map { _ in try client.post([])["X-Request-Id"] }
        #expect(Set(ids).count == 200)
    }
}
