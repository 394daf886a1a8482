// SPDX-License-Identifier: Apache-2.0

import CArchive

/// Streams of zlib's formats, expanded.
struct Inflate: ~Copyable {
    /// In front of and behind the deflated bytes; the values are zlib's `windowBits`.
    enum Wrapper: Int32 {
        case gzip = 31
        case zlib = 15
        case bare = -15
    }

    /// Members one after the other; at least one.
    static func gzip(
        _ bytes: UnsafeRawBufferPointer, to output: ExpandedOutput
    ) throws(CompressionError) {
        var stream = Inflate(bytes, .gzip, "gzip")
        try stream.member(to: output)
        while stream.offset < bytes.count {
            guard bytes[stream.offset] == 0x1F,
                bytes[min(stream.offset + 1, bytes.count - 1)] == 0x8B
            else { throw .trailing("gzip", at: stream.offset, of: bytes.count) }
            inflateReset(stream.state)
            try stream.member(to: output)
        }
    }

    /// One stream, with or without a wrapper. Bare deflate that looks like one would have to begin
    /// with a stored block of unclean padding, which no encoder writes.
    static func deflate(
        _ bytes: UnsafeRawBufferPointer, to output: ExpandedOutput
    ) throws(CompressionError) {
        var stream = Inflate(bytes, hasZlibHeader(bytes) ? .zlib : .bare, "deflate")
        try stream.member(to: output)
        guard stream.offset == bytes.count else {
            throw .trailing("deflate", at: stream.offset, of: bytes.count)
        }
    }

    /// RFC 1950, 2.2: method 8, a window of at most 32 KB, and a check of both bytes.
    private static func hasZlibHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 2 else { return false }
        let (method, flags) = (Int(bytes[0]), Int(bytes[1]))
        return method & 15 == 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 == 0
    }

    private let bytes: UnsafeRawBufferPointer
    private let coding: String
    /// Where it is, since zlib's state points back to it.
    private let state: UnsafeMutablePointer<z_stream>
    private(set) var offset = 0

    private init(_ bytes: UnsafeRawBufferPointer, _ wrapper: Wrapper, _ coding: String) {
        (self.bytes, self.coding) = (bytes, coding)
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
        let status = inflateInit2_(
            state, wrapper.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if status != Z_OK { fatalError("out of memory: zlib's state (\(status))") }
    }

    deinit {
        inflateEnd(state)
        state.deallocate()
    }

    /// Up to the end of one stream.
    private mutating func member(to output: ExpandedOutput) throws(CompressionError) {
        while true {
            let (status, made) = step(output.room)
            try output.fill(made)
            switch status {
            case Z_STREAM_END: return
            case Z_OK where made > 0 || offset < bytes.count: continue
            case Z_OK, Z_BUF_ERROR: throw .truncated(coding, bytes.count)
            case Z_NEED_DICT: throw .damaged(coding, at: offset, "it needs a dictionary")
            case Z_MEM_ERROR: fatalError("out of memory: zlib's window")
            default:
                let words = state.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
                throw .damaged(coding, at: offset, words)
            }
        }
    }

    /// zlib counts in 32 bits.
    private static let stepLimit = 1 << 30

    /// One call of `inflate`: its status, and the bytes that it has made.
    private mutating func step(
        _ room: UnsafeMutableRawBufferPointer
    ) -> (status: Int32, made: Int) {
        let given = min(bytes.count - offset, Self.stepLimit)
        let space = min(room.count, Self.stepLimit)
        let next = bytes.baseAddress.map { $0 + offset }
        state.pointee.next_in = UnsafeMutablePointer(
            mutating: next?.assumingMemoryBound(to: UInt8.self))
        state.pointee.avail_in = UInt32(given)
        state.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = UInt32(space)
        let status = inflate(state, Z_NO_FLUSH)
        offset += given - Int(state.pointee.avail_in)
        return (status, space - Int(state.pointee.avail_out))
    }
}
