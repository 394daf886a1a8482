// SPDX-License-Identifier: Apache-2.0

internal import CHTTPD
import Glibc

/// One request on a connection, as the shim keeps it. Valid until it ends; see chttpd.h for who
/// owns it when.
struct Exchange: @unchecked Sendable {
    private let record: UnsafeMutablePointer<HTTPDExchange>

    init(_ record: UnsafeMutablePointer<HTTPDExchange>) { self.record = record }

    var facts: HeaderFacts {
        let flaws = record.pointee.flaws
        return HeaderFacts(
            flaw: HeaderFacts.Flaw.allCases.first { flaws & $0.bit.rawValue != 0 },
            announcedByteCount: record.pointee.announced < 0 ? nil : Int(record.pointee.announced),
            isChunked: record.pointee.chunked, waitsForContinue: record.pointee.waits_for_continue)
    }

    var headerTime: Timestamp { Timestamp(nanoseconds: record.pointee.header_time) }
    var bodyTime: Timestamp { Timestamp(nanoseconds: record.pointee.body_time) }
    var bodyByteCount: Int { record.pointee.length }

    var body: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: record.pointee.body, count: record.pointee.length)
    }

    func withField<R>(_ field: HeaderField, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        body(httpd_field(record, field.noted))
    }

    /// The name goes by `withCString`, which reads literals where they are; an argument makes an array of each.
    func withField<R>(_ name: String, inQuery: Bool, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        body(name.withCString { httpd_lookup(record, inQuery, $0) })
    }

    /// The items of the query in their order, as sent but for `+`; `nil` for a name without `=`.
    var queryItems: [(name: String, value: String?)] {
        var items: [QueryItem] = []
        withUnsafeMutablePointer(to: &items) { items in
            httpd_each_query_item(record, items) { items, name, value in
                items!.assumingMemoryBound(to: [QueryItem].self).pointee.append(
                    (String(cString: name!), value.map { String(cString: $0) }))
            }
        }
        return items
    }

    private typealias QueryItem = (name: String, value: String?)

    /// Whether the client has gone. A half-closed connection still waits for its answer.
    var peerIsGone: Bool {
        var look = pollfd(fd: record.pointee.socket, events: 0, revents: 0)
        return poll(&look, 1, 0) > 0 && look.revents & Int16(POLLHUP | POLLERR) != 0
    }
}

extension Exchange {
    /// Makes the request, which the exchange owns until it ends.
    func makeRequest() -> HTTPRequest {
        let request = HTTPRequest(
            method: HTTPMethod(UnsafeBufferPointer(cString: record.pointee.method)),
            target: UnsafeBufferPointer(cString: record.pointee.path), arrival: headerTime,
            source: .wire(self))
        record.pointee.request = Unmanaged.passRetained(request).toOpaque()
        return request
    }

    var request: HTTPRequest { Unmanaged.fromOpaque(record.pointee.request).takeUnretainedValue() }

    /// The request for the last time: the exchange owns it no more.
    func takeRequest() -> HTTPRequest {
        defer { record.pointee.request = nil }
        return Unmanaged.fromOpaque(record.pointee.request).takeRetainedValue()
    }

    /// Hands the answer over. The exchange must not be touched afterwards.
    func reply(_ response: HTTPResponse, id: String) {
        let status = UInt32(response.status)
        HeaderBlock.with(response, id: id) { headers in
            switch response.body.sent {
            case .empty: httpd_reply(record, status, headers, nil, 0, nil, nil)
            case .bytes(let bytes):
                bytes.withUnsafeBytes { copied in
                    var part = iovec(copied)
                    httpd_reply(record, status, headers, &part, 1, nil, nil)
                }
            case .parts(let parts):
                let owner = Unmanaged.passRetained(
                    parts.count == 1 ? parts[0] : Parts(parts) as AnyObject)
                let vector = parts.map { iovec($0.readable) }
                httpd_reply(
                    record, status, headers, vector, UInt32(vector.count), releaseParts,
                    owner.toOpaque())
            }
        }
    }

    /// Answers past libmicrohttpd, which sends nothing while it receives a body or is suspended.
    /// What does not fit into the socket's buffer is lost; the connection ends.
    func replyAndHangUp(_ response: HTTPResponse, id: String) {
        let message = RawMessage.bytes(of: response, id: id)
        _ = message.withUnsafeBytes {
            send(
                record.pointee.socket, $0.baseAddress, $0.count,
                Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
        shutdown(record.pointee.socket, Int32(SHUT_WR))
    }
}

/// Keeps the buffers of a reply alive while it is sent.
private final class Parts {
    let parts: [ByteBuffer]
    init(_ parts: [ByteBuffer]) { self.parts = parts }
}

private func releaseParts(_ owner: UnsafeMutableRawPointer?) {
    Unmanaged<AnyObject>.fromOpaque(owner!).release()
}

extension iovec {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(
            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}

extension HeaderField {
    fileprivate var noted: HTTPDField {
        switch self {
        case .accept: HTTPD_ACCEPT
        case .acceptEncoding: HTTPD_ACCEPT_ENCODING
        case .contentEncoding: HTTPD_CONTENT_ENCODING
        case .contentType: HTTPD_CONTENT_TYPE
        case .origin: HTTPD_ORIGIN
        case .requestID: HTTPD_REQUEST_ID
        }
    }
}

extension HeaderFacts.Flaw {
    fileprivate var bit: HTTPDFlaw {
        switch self {
        case .badField: HTTPD_BAD_FIELD
        case .repeatedField: HTTPD_REPEATED_FIELD
        case .lengthAndCoding: HTTPD_LENGTH_AND_CODING
        case .badLength: HTTPD_BAD_LENGTH
        case .unknownCoding: HTTPD_UNKNOWN_CODING
        case .unknownExpectation: HTTPD_UNKNOWN_EXPECTATION
        }
    }
}
