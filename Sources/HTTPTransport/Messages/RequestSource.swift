// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Where the fields of a request are.
enum RequestSource: Sendable {
    case wire(Exchange)
    case values(RequestValues)

    var isCancelled: Bool {
        switch self {
        case .wire(let exchange): exchange.peerIsGone
        case .values: false
        }
    }

    var queryItems: [(name: String, value: String?)] {
        switch self {
        case .wire(let exchange): exchange.queryItems
        case .values(let values): values.query
        }
    }

    func withField<R>(_ field: HeaderField, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        switch self {
        case .wire(let exchange): exchange.withField(field, body)
        case .values(let values): values.withField(field.name, inQuery: false, body)
        }
    }

    func withField<R>(_ name: String, inQuery: Bool, _ body: (UnsafePointer<CChar>?) -> R) -> R {
        switch self {
        case .wire(let exchange): exchange.withField(name, inQuery: inQuery, body)
        case .values(let values): values.withField(name, inQuery: inQuery, body)
        }
    }
}

/// The fields of a header that are asked for in every request, and so are noted when it arrives.
public enum HeaderField: Sendable, CaseIterable {
    case accept, acceptEncoding, contentEncoding, contentType, origin, requestID

    var name: String {
        switch self {
        case .accept: "Accept"
        case .acceptEncoding: "Accept-Encoding"
        case .contentEncoding: "Content-Encoding"
        case .contentType: "Content-Type"
        case .origin: "Origin"
        case .requestID: "X-Request-Id"
        }
    }
}

/// What the transport notes about a request while it passes through.
final class RequestProgress: @unchecked Sendable {
    /// The answer that was settled before the body was read.
    var response: HTTPResponse?
    /// Why a body in receipt was given up. The I/O thread says so, the sweep may ask meanwhile.
    let refusal = Mutex<HTTPRefusal?>(nil)
    /// Bytes taken out of the budget of bodies in flight.
    var reservedByteCount = 0
    /// The work that the handler left.
    var work: (@Sendable () -> HTTPResponse)?
    /// When it joined the queue.
    var submission = Timestamp(nanoseconds: 0)
}
