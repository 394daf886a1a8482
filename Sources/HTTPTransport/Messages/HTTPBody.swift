// SPDX-License-Identifier: Apache-2.0

/// What a response carries.
public enum HTTPBody: Sendable {
    /// Nothing; `Content-Length: 0`.
    case empty
    /// A short body, copied once when it is sent.
    case bytes([UInt8])
    /// Buffers that are sent one after the other, without copying, and released when they are sent.
    case parts([ByteBuffer])

    /// A short body from text.
    public init(_ text: String) { self = .bytes(Array(text.utf8)) }

    /// One buffer, sent without copying.
    public init(_ buffer: ByteBuffer) { self = .parts([buffer]) }

    /// The number of bytes of the whole body.
    public var byteCount: Int {
        switch self {
        case .empty: 0
        case .bytes(let bytes): bytes.count
        case .parts(let parts): parts.reduce(0) { $0 + $1.count }
        }
    }

    /// The whole body as one array: for tests.
    public var collected: [UInt8] {
        switch self {
        case .empty: []
        case .bytes(let bytes): bytes
        case .parts(let parts): parts.flatMap { Array($0.readable) }
        }
    }
}
