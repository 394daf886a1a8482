// SPDX-License-Identifier: Apache-2.0

/// Codings of HTTP bodies (RFC 9110, 8.4.1; RFC 8878 for zstd) by the names that HTTP has for them.
public enum Compression: String, CaseIterable, Sendable {
    /// RFC 1952; several members may follow each other.
    case gzip
    /// A zlib stream (RFC 1950); the bare deflate (RFC 1951) that some send instead is read too.
    case deflate
    /// Frames of RFC 8878, with windows of at most 8 MiB (RFC 9659).
    case zstd

    /// The expanded bytes, followed by 64 zero bytes.
    ///
    /// Memory grows with what is expanded, up to `maxExpandedByteCount`; the first byte more ends
    /// it, however much the rest would expand to.
    public func expand(
        _ bytes: UnsafeRawBufferPointer, maxExpandedByteCount: Int
    ) throws(CompressionError) -> OwnedBytes {
        // JSON of numbers shrinks to a half or a third.
        let (guess, overflow) = bytes.count.multipliedReportingOverflow(by: 3)
        let limit = maxExpandedByteCount
        let output = ExpandedOutput(limit: limit, room: overflow ? limit : guess)
        switch self {
        case .gzip: try Inflate.gzip(bytes, to: output)
        case .deflate: try Inflate.deflate(bytes, to: output)
        case .zstd: try ZstdFrames.expand(bytes, to: output)
        }
        return output.bytes.finished()
    }

    /// The bytes of all buffers, one after the other, compressed as fast as the format can.
    public func compress(_ buffers: [UnsafeRawBufferPointer]) -> OwnedBytes {
        switch self {
        case .gzip: Deflate.compress(buffers, wrapper: .gzip)
        case .deflate: Deflate.compress(buffers, wrapper: .zlib)
        case .zstd: ZstdFrames.compress(buffers)
        }
    }
}

/// Why bytes are not expanded.
public enum CompressionError: Error, Equatable, Sendable {
    /// They expand to more bytes than allowed.
    case tooLarge(reason: String)
    /// They are not what their coding says, not all of it, or more than it.
    case malformed(reason: String)

    /// Value, rule and cure.
    public var reason: String {
        switch self {
        case .tooLarge(let reason), .malformed(let reason): reason
        }
    }
}

/// Where expanded bytes go; refuses the first one too many.
struct ExpandedOutput {
    let bytes: OwnedBytes
    private let limit: Int

    init(limit: Int, room: Int) {
        self.limit = limit
        bytes = OwnedBytes(capacity: min(limit, max(room, 4096)))
    }

    /// Room for at least one byte, and for one more than allowed where only that is left.
    var room: UnsafeMutableRawBufferPointer {
        let room = bytes.room
        return UnsafeMutableRawBufferPointer(
            start: room.baseAddress, count: min(room.count - 1, limit - bytes.count) + 1)
    }

    /// Takes the next `count` bytes of ``room`` for filled.
    func fill(_ count: Int) throws(CompressionError) {
        bytes.fill(count)
        if bytes.count > limit {
            throw .tooLarge(
                reason: """
                    the body expands to more than the \(limit) bytes that are allowed; send a \
                    smaller one, or in parts
                    """)
        }
    }
}

extension CompressionError {
    static func truncated(_ coding: String, _ byteCount: Int) -> CompressionError {
        .malformed(
            reason: """
                the body's \(counted(byteCount, "byte")) of \(coding) end before the stream does; \
                it is cut off: send all of it
                """)
    }

    static func damaged(_ coding: String, at offset: Int, _ words: String) -> CompressionError {
        .malformed(
            reason: """
                at byte \(offset) the body is no valid \(coding) (\(excerpt(words).lowercased())); \
                send it as its Content-Encoding says
                """)
    }

    static func trailing(_ coding: String, at offset: Int, of count: Int) -> CompressionError {
        .malformed(
            reason: """
                the body's \(coding) ends at byte \(offset) of \(count); leave out what is behind \
                it
                """)
    }
}
