// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One GET over a plain socket, for its status.
struct PlainGet {
    let host: String
    let port: UInt16
    let path: String
    let seconds: Int

    /// The status code of the answer, or a ``CheckFailure``.
    func status() throws -> Int {
        let connection = try connected()
        defer { close(connection) }
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: \(host):\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw failure("does not take a request")
        }
        var answer = [UInt8](repeating: 0, count: 64)
        var count = 0
        while count < 12 {
            let received = answer.withUnsafeMutableBytes {
                recv(connection, $0.baseAddress! + count, $0.count - count, 0)
            }
            guard received > 0 else { throw failure("does not answer within \(seconds) s") }
            count += received
        }
        let words = String(decoding: answer.prefix(count), as: UTF8.self).split(separator: " ")
        guard words.count > 1, let status = Int(words[1].prefix(3)) else {
            throw failure("does not speak HTTP")
        }
        return status
    }

    /// A connection to the first of the host's addresses that takes one.
    private func connected() throws -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var addresses: UnsafeMutablePointer<addrinfo>?
        // A server on all addresses is asked on the loopback one.
        let name = ["0.0.0.0": "127.0.0.1", "::": "::1"][host] ?? host
        guard getaddrinfo(name, "\(port)", &hints, &addresses) == 0 else {
            throw failure("is not an address of this machine")
        }
        defer { freeaddrinfo(addresses) }
        var address = addresses
        while let at = address?.pointee {
            let connection = socket(at.ai_family, at.ai_socktype, at.ai_protocol)
            var patience = timeval(tv_sec: seconds, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
            setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
            if connect(connection, at.ai_addr, at.ai_addrlen) == 0 { return connection }
            close(connection)
            address = at.ai_next
        }
        throw failure("does not take connections: is the server running?")
    }

    private func failure(_ reason: String) -> CheckFailure {
        CheckFailure(description: "\(host) port \(port) \(reason)")
    }
}
