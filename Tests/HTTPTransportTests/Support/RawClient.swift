// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A reply as it came over the wire.
struct RawReply {
    let status: Int
    let header: [(name: String, value: String)]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    subscript(name: String) -> String? {
        header.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// What a socket did instead of what was wanted.
struct SocketFailure: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}

/// A TCP connection to 127.0.0.1 that sends exactly what it is told, right or wrong.
final class RawClient {
    private var socket: Int32
    private var received: [UInt8] = []
    /// Whether the server has ended the connection in order.
    private(set) var hasEnded = false

    init(port: UInt16, timeoutSeconds: Int = 20) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // Else a second small send waits for the server's delayed acknowledgement.
        var atOnce: Int32 = 1
        setsockopt(
            socket, Int32(IPPROTO_TCP), TCP_NODELAY, &atOnce, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        if result != 0 { throw SocketFailure("connect to port \(port)") }
    }

    deinit { close() }

    func close() {
        if socket >= 0 { Glibc.close(socket) }
        socket = -1
    }

    /// Ends the connection with RST.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Says that no more will be sent.
    func endSending() { shutdown(socket, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let n = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if n <= 0 { throw SocketFailure("send after \(sent) of \(bytes.count) bytes") }
            sent += n
        }
    }

    /// The next reply. `hasBody` is false for HEAD.
    func reply(hasBody: Bool = true) throws -> RawReply {
        while received.firstRange(of: [13, 10, 13, 10]) == nil {
            if try !receive() {
                throw SocketFailure(
                    "the connection ended within a header (\(received.count) bytes)")
            }
        }
        let end = received.firstRange(of: [13, 10, 13, 10])!
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(
            separator: "\r\n")
        received.removeSubrange(..<end.upperBound)
        let header = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":")!
            return (
                name: String(line[..<colon]),
                value: String(line[colon...].dropFirst().drop { $0 == " " })
            )
        }
        let length =
            header.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        while hasBody, received.count < length {
            if try !receive() { throw SocketFailure("the connection ended within a body") }
        }
        let body = Array(received.prefix(hasBody ? length : 0))
        received.removeFirst(body.count)
        return RawReply(status: Int(lines[0].split(separator: " ")[1])!, header: header, body: body)
    }

    /// Whether the server ends the connection, without another byte. Waits for it.
    func ends() -> Bool { received.isEmpty && (try? receive()) == false }

    /// Receives something; false at the end.
    func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let n = recv(socket, &buffer, buffer.count, 0)
        if n < 0 { throw SocketFailure("receive") }
        received += buffer[..<n]
        hasEnded = n == 0
        return n > 0
    }
}

extension RawClient {
    /// One request and its reply.
    func exchange(_ request: String) throws -> RawReply {
        try send(request)
        return try reply()
    }

    /// A POST with Content-Length and its reply.
    func post(_ body: [UInt8], to path: String = "/echo", headers: String = "") throws -> RawReply {
        try send(
            "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\(headers)\r\n")
        try send(body)
        return try reply()
    }
}
