// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import HTTPTransport
import Testing

@Suite struct DrainTests {
    /// With minutes for everything, since beside long tests it may be one until this one goes on.
    @Test func workInFlightIsFinished() async throws {
        let server = try TestServer {
            ($0.idleTimeoutSeconds, $0.bodyTimeoutSeconds, $0.drainSeconds) = (900, 900, 900)
        }
        let port = server.port
        let (busy, idle, sending) = (try server.client(), try server.client(), try server.client())
        try busy.send("POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        try sending.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
        #expect(try idle.post([1]).body == [1])
        #expect(eventually { server.computed.value == 1 && server.server.status.inFlight == 2 })
        let task = Task { try await server.server.run() }
        task.cancel()
        #expect(await soon { server.server.isDraining })
        #expect(idle.ends())
        #expect(eventually { (try? RawClient(port: port, timeoutSeconds: 3)) == nil })
        server.gate.open()
        let reply = try busy.reply()
        #expect(reply.text == "a" && reply["Connection"]?.lowercased() == "close")
        try sending.send("bc")
        #expect(try sending.reply().text == "abc")
        try await task.value
    }

    @Test func remainderIsAnswered() throws {
        let server = try TestServer { ($0.drainSeconds, $0.computeThreads) = (1, 1) }
        let clients = try (0..<3).map { _ in try server.client() }
        for client in clients {
            try client.send("POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        }
        let slow = try server.client()
        try slow.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na")
        #expect(
            eventually { server.server.status.waiting == 2 && server.server.status.inFlight == 4 })
        let start = Timestamp.now
        server.server.stop()
        #expect(Timestamp.now.milliseconds(since: start) < 5_000)
        for client in clients + [slow] {
            let reply = try client.reply()
            #expect(reply.status == 503 && reply.text.contains("shuttingDown"))
        }
        server.gate.open()
        #expect(eventually { server.server.status.inFlight == 0 })
    }

    @Test func servesOnBeforeItStops() async throws {
        let server = try TestServer { $0.preStopSeconds = 1 }
        let task = Task { await server.server.drain() }
        #expect(await soon { server.server.isDraining })
        let reply = try RawClient(port: server.port).post([1])
        #expect(reply.body == [1] && reply["Connection"] == nil)
        await task.value
    }

    /// Kept and new connections, inline and queued work: whoever got his request out gets an
    /// answer.
    @Test(arguments: ["/echo", "/nap"]) func nothingIsLostUnderLoad(_ path: String) async throws {
        let server = try TestServer()
        let port = server.port
        let (lost, answered) = (Counter(), Counter())
        let workers = DispatchGroup()
        for worker in 0..<16 {
            DispatchQueue(label: "client \(worker)").async(group: workers) {
                while let client = try? RawClient(port: port, timeoutSeconds: 5) {
                    for _ in 0..<(worker % 2 == 0 ? 1 : 1000) {
                        let reply = try? client.post(Array("hello".utf8), to: path)
                        (reply?.text == "hello" ? answered : lost).count()
                        if reply?["Connection"] != nil || reply == nil { break }
                    }
                }
            }
        }
        #expect(eventually { answered.value > 500 })
        await server.server.drain()
        await withCheckedContinuation { done in workers.notify(queue: .global()) { done.resume() } }
        #expect(lost.value == 0, "of \(answered.value)")
    }
}
