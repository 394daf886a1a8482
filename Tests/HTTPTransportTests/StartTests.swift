// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Testing

@Suite struct StartTests {
    @Test func portInUse() throws {
        let first = TestServer.shared
        let error = #expect(throws: ServerError.self) {
            _ = try TestServer { $0.port = first.port }
        }
        #expect(error == .addressInUse(host: "127.0.0.1", port: first.port))
        let line = try #require(error).description
        #expect(line.contains("\(first.port)") && line.contains("--port") && !line.contains("\n"))
    }

    @Test(arguments: ["203.0.113.1", "no.such.host.invalid", "300.1.1.1", ""])
    func noSuchAddress(_ host: String) throws {
        let error = #expect(throws: ServerError.self) { _ = try TestServer { $0.host = host } }
        #expect(try #require(error).description.contains("--host"))
    }

    @Test(arguments: ["::1", "[::1]", "::", "0.0.0.0", "localhost"])
    func otherAddresses(_ host: String) throws {
        let server = try TestServer { $0.host = host }
        #expect(server.port > 0)
        if ["::", "0.0.0.0"].contains(host) { #expect(try server.client().post([1]).body == [1]) }
        server.server.stop()
    }

    @Test func oneThreadOfEach() throws {
        let server = try TestServer { ($0.ioThreads, $0.computeThreads) = (1, 1) }
        #expect(try server.client().post([1, 2, 3], to: "/compute").body == [1, 2, 3])
        server.server.stop()
    }

    /// Clients that arrive together do not all become one thread's.
    @Test func connectionsAreSharedOut() throws {
        let server = try TestServer { $0.ioThreads = 3 }
        defer { server.server.stop() }
        let clients = try (0..<60).map { _ in try server.client() }
        let threads = try clients.map { client in
            try client.send("GET /thread HTTP/1.1\r\nHost: x\r\n\r\n")
            return try client.reply().text
        }
        let shares = Dictionary(grouping: threads) { $0 }.mapValues(\.count)
        #expect(shares.count == 3)
        #expect(shares.values.allSatisfy { $0 >= 5 }, "\(shares)")
    }

    @Test func startsOnce() throws {
        let port = TestServer.shared.port
        try TestServer.shared.server.start()
        #expect(TestServer.shared.port == port)
    }

    @Test func limitsAreChecked() throws {
        let error = #expect(throws: ServerError.self) { _ = try TestServer { $0.maxBodyBytes = 0 } }
        #expect(try #require(error).description.contains("maxBodyBytes is 0"))
    }

    @Test func stopsTwice() throws {
        let server = try TestServer()
        server.server.stop()
        server.server.stop()
        #expect(server.server.isDraining)
        #expect(throws: SocketFailure.self) { _ = try server.client() }
    }
}
