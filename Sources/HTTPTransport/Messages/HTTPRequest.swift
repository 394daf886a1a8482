// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One request. Made by the transport, or by tests from Swift values.
///
/// Reading it copies nothing until asked: header fields and query items are looked up where they
/// were received, the body is read in place. That holds until the reply is made; whoever asks later
/// stops the program. It passes from the I/O thread to one compute thread and is never used by two
/// at once.
public final class HTTPRequest: @unchecked Sendable {
    /// The method.
    public let method: HTTPMethod
    /// The path as sent, percent-encoded, without scheme, host and query.
    package var encodedPath: UnsafeBufferPointer<UInt8> {
        checkIsOpen()
        return sentPath
    }
    /// When the header had been read.
    public let arrival: Timestamp
    /// When the body was complete. Receiving took the time since ``arrival``.
    public internal(set) var bodyCompletion: Timestamp
    /// When a thread began to handle it. Waiting took the time since ``bodyCompletion``.
    public internal(set) var handlingStart: Timestamp

    /// How long it waited for a compute thread, in milliseconds; 0 if it needed none.
    public internal(set) var queuedMilliseconds = 0.0

    let source: RequestSource
    let progress = RequestProgress()
    private var receivedBody = UnsafeRawBufferPointer(start: nil, count: 0)
    private let sentPath: UnsafeBufferPointer<UInt8>
    private var isAnswered = false

    /// The caller's `X-Request-Id` if it is sane, else one made here; the reply carries it.
    public private(set) lazy var id: String =
        RequestID.accepted(header(.requestID)) ?? RequestID.make()

    init(
        method: HTTPMethod, target: UnsafeBufferPointer<UInt8>, arrival: Timestamp,
        source: RequestSource
    ) {
        self.method = method
        sentPath = RequestTarget.path(of: target)
        self.arrival = arrival
        (bodyCompletion, handlingStart) = (arrival, arrival)
        self.source = source
    }

    /// A request from values: for tests of handlers without a socket.
    public convenience init(
        _ method: HTTPMethod, _ target: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        let values = RequestValues(target: target, headers: headers, body: body)
        self.init(method: method, target: values.path, arrival: .now, source: .values(values))
        receivedBody = values.body
    }

    /// The body. 64 zero bytes follow the last one. Stable until the reply is made.
    public var body: UnsafeRawBufferPointer {
        checkIsOpen()
        return receivedBody
    }

    /// The first value of a header field, whatever the case of its name.
    public func header(_ name: String) -> String? {
        withHeader(name) { $0.map { String(cString: $0) } }
    }

    /// The first value of a header field, NUL-terminated, without a copy of it.
    public func withHeader<R>(_ name: String, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        checkIsOpen()
        return source.withField(name, inQuery: false, body)
    }

    /// The first value of a field that is noted when a request arrives.
    public func header(_ field: HeaderField) -> String? {
        withHeader(field) { $0.map { String(cString: $0) } }
    }

    /// The first value of a field that is noted when a request arrives, NUL-terminated, without a copy of it.
    public func withHeader<R>(_ field: HeaderField, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        checkIsOpen()
        return source.withField(field, body)
    }

    /// The first value of an item of the query, percent-decoded; "" for a name without a value.
    public func queryItem(_ name: String) -> String? {
        checkIsOpen()
        return source.withField(name, inQuery: true) { text in
            text.flatMap { PercentEncoding.decoded(UnsafeBufferPointer(cString: $0)) }
        }
    }

    /// All items of the query in their order, names and values percent-decoded: "" for a name without a
    /// value, `nil` where the escapes are broken or make no text.
    public var queryItems: [(name: String?, value: String?)] {
        checkIsOpen()
        return source.queryItems.map { item in
            (
                PercentEncoding.decoded(Array(item.name.utf8)),
                PercentEncoding.decoded(Array((item.value ?? "").utf8))
            )
        }
    }

    /// The path, percent-decoded where that gives text: for messages and logs; routes compare
    /// bytes.
    public var path: String {
        PercentEncoding.decoded(encodedPath) ?? String(decoding: encodedPath, as: UTF8.self)
    }

    /// Whether nobody waits for the reply any more: a long computation may ask now and then and
    /// stop.
    public var isCancelled: Bool { isAnswered || source.isCancelled }

    func bodyArrived(_ body: UnsafeRawBufferPointer, at time: Timestamp) {
        receivedBody = body
        (bodyCompletion, handlingStart) = (time, time)
    }

    private func checkIsOpen() { precondition(!isAnswered, "the request was answered already") }

    /// From here on the body and the header are gone.
    func close() { isAnswered = true }
}
