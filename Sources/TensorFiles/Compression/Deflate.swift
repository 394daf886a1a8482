// SPDX-License-Identifier: Apache-2.0

import CArchive

/// Streams of zlib's formats, made at level 1.
enum Deflate {
    /// zlib counts in 32 bits.
    private static let stepLimit = 1 << 30

    static func compress(
        _ buffers: [UnsafeRawBufferPointer], wrapper: Inflate.Wrapper
    ) -> OwnedBytes {
        let total = buffers.reduce(0) { $0 + $1.count }
        let output = OwnedBytes(capacity: total / 2 + 4096)
        let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        state.initialize(to: z_stream())
        let memoryLevel: Int32 = 9  // the largest: 256 KB, a little faster than the usual 8
        let status = deflateInit2_(
            state, Z_BEST_SPEED, Z_DEFLATED, wrapper.rawValue, memoryLevel, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if status != Z_OK { fatalError("out of memory: zlib's state (\(status))") }
        defer {
            deflateEnd(state)
            state.deallocate()
        }
        for buffer in buffers { feed(buffer, state, output) }
        while step(state, output, Z_FINISH) != Z_STREAM_END {}
        return output.finished()
    }

    private static func feed(
        _ buffer: UnsafeRawBufferPointer, _ state: UnsafeMutablePointer<z_stream>,
        _ output: OwnedBytes
    ) {
        for first in stride(from: 0, to: buffer.count, by: stepLimit) {
            let piece = UnsafeRawBufferPointer(rebasing: buffer[first...].prefix(stepLimit))
            state.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.baseAddress!.assumingMemoryBound(to: UInt8.self))
            state.pointee.avail_in = UInt32(piece.count)
            while state.pointee.avail_in > 0 { _ = step(state, output, Z_NO_FLUSH) }
        }
    }

    private static func step(
        _ state: UnsafeMutablePointer<z_stream>, _ output: OwnedBytes, _ flush: Int32
    ) -> Int32 {
        let room = output.room
        let space = min(room.count, stepLimit)
        state.pointee.next_out = room.baseAddress!.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = UInt32(space)
        let status = deflate(state, flush)
        precondition(status == Z_OK || status == Z_STREAM_END, "deflate returns \(status)")
        output.fill(space - Int(state.pointee.avail_out))
        return status
    }
}
