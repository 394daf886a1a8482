// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HTTPTransport
import Testing

@Suite struct ComputeTests {
    @Test func thousandSuspensionsAtOnce() throws {
        let server = try TestServer { $0.maxWaiting = 2000 }
        defer { server.server.stop() }
        let clients = try (0..<1000).map { _ in try server.client() }
        for (i, client) in clients.enumerated() {
            let text = "client \(i)"
            try client.send(
                "POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
            )
        }
        let width = server.server.limits.computeThreads
        #expect(eventually { server.server.status.waiting == 1000 - width })
        #expect(eventually { server.computed.value == width })
        server.gate.open()
        for (i, client) in clients.enumerated() {
            #expect(try client.reply().text == "client \(i)")
        }
        #expect(
            eventually { server.server.status.inFlight == 0 && server.server.status.waiting == 0 })
    }

    @Test func thousandSuspensionsInTurn() throws {
        let client = try TestServer.shared.client()
        for i in 0..<1000 {
            #expect(try client.post(Array("\(i)".utf8), to: "/compute").text == "\(i)")
        }
    }

    @Test(arguments: [10, 50_000]) func tooManyWaiting(_ size: Int) throws {
        let server = try TestServer { ($0.maxWaiting, $0.computeThreads) = (1, 1) }
        defer { server.server.stop() }
        let body = [UInt8](repeating: 5, count: size)
        let (running, waiting) = (try server.client(), try server.client())
        for client in [running, waiting] {
            try client.send("POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
            try client.send(body)
        }
        #expect(eventually { server.computed.value == 1 && server.server.status.waiting == 1 })
        let third = try server.client()
        let refused = try third.post(body, to: "/gate")
        #expect(
            refused.status == 503 && refused["Retry-After"] == "1"
                && refused.text.contains("--max-waiting"))
        #expect(try third.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n").status == 200)
        server.gate.open()
        for client in [running, waiting] { #expect(try client.reply().body == body) }
        #expect(try third.post(body, to: "/gate").status == 200)
    }

    @Test func clientsThatLeaveAreSkipped() throws {
        let server = try TestServer { $0.computeThreads = 1 }
        defer { server.server.stop() }
        let running = try server.client()
        try running.send("POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        #expect(eventually { server.computed.value == 1 })
        let leaving = try (0..<20).map { _ in try server.client() }
        for client in leaving {
            try client.send("POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb")
        }
        #expect(eventually { server.server.status.waiting == 20 })
        leaving.forEach { $0.reset() }
        server.gate.open()
        #expect(try running.reply().text == "a")
        #expect(eventually { server.server.status.inFlight == 0 })
        #expect(server.computed.value == 1)
    }

    @Test func clientThatLeavesWhileItIsComputed() throws {
        let server = try TestServer()
        defer { server.server.stop() }
        let client = try server.client()
        try client.send("POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        #expect(eventually { server.computed.value == 1 })
        client.reset()
        server.gate.open()
        #expect(eventually { server.server.status.inFlight == 0 })
        #expect(try server.client().post([1]).body == [1])
    }

    /// Many threads, kept connections, every body different: replies must not be mixed up.
    @Test func manyClientsAtOnce() throws {
        let port = TestServer.shared.port
        let wrong = Counter()
        DispatchQueue.concurrentPerform(iterations: 16) { worker in
            guard let client = try? RawClient(port: port) else { return wrong.count() }
            for i in 0..<100 {
                let body = [UInt8](repeating: UInt8(worker), count: i * 331 % 40_000)
                let reply = try? client.post(body, to: i % 2 == 0 ? "/echo" : "/compute")
                if reply?.body != body { wrong.count() }
            }
        }
        #expect(wrong.value == 0)
    }
}
