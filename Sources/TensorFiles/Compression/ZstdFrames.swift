// SPDX-License-Identifier: Apache-2.0

import CArchive

/// Frames of zstd (RFC 8878) one after the other, some of which may be skippable.
enum ZstdFrames {
    /// RFC 9659: windows of zstd in HTTP have at most 8 MiB, which is what one request can make a
    /// decoder hold beside its output.
    private static let windowLog: Int32 = 23

    static func expand(
        _ bytes: UnsafeRawBufferPointer, to output: ExpandedOutput
    ) throws(CompressionError) {
        guard let decoder = ZSTD_createDCtx() else { fatalError("out of memory: zstd's decoder") }
        defer { ZSTD_freeDCtx(decoder) }
        ZSTD_DCtx_setParameter(decoder, ZSTD_d_windowLogMax, windowLog)
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        repeat {
            try checkMagic(bytes, at: input.pos)
            try frame(decoder, &input, to: output)
        } while input.pos < bytes.count
    }

    /// Up to the end of one frame.
    private static func frame(
        _ decoder: OpaquePointer, _ input: inout ZSTD_inBuffer, to output: ExpandedOutput
    ) throws(CompressionError) {
        while true {
            let room = output.room
            var made = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let left = ZSTD_decompressStream(decoder, &made, &input)
            if ZSTD_isError(left) != 0 { throw failure(left, at: input.pos) }
            try output.fill(made.pos)
            if left == 0 { return }
            if input.pos == input.size && made.pos < made.size {
                throw .truncated("zstd", input.size)
            }
        }
    }

    /// Only today's frames: the library would also read those of seven formats from before 2016.
    private static func checkMagic(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(CompressionError) {
        guard bytes.count - offset >= 4 else {
            throw offset == 0
                ? .truncated("zstd", bytes.count)
                : .trailing("zstd", at: offset, of: bytes.count)
        }
        let magic = bytes.littleEndian(UInt32.self, at: offset)
        let isSkippable = magic & ZSTD_MAGIC_SKIPPABLE_MASK == ZSTD_MAGIC_SKIPPABLE_START
        if magic == ZSTD_MAGICNUMBER || isSkippable { return }
        throw offset == 0
            ? .damaged("zstd", at: 0, "it does not begin with a frame")
            : .trailing("zstd", at: offset, of: bytes.count)
    }

    private static func failure(_ code: Int, at offset: Int) -> CompressionError {
        switch ZSTD_getErrorCode(code) {
        case ZSTD_error_frameParameter_windowTooLarge:
            .malformed(
                reason: """
                    the body's zstd has a window of more than \(1 << windowLog) bytes (RFC 9659); \
                    compress it at level 19 or below
                    """)
        case ZSTD_error_memory_allocation: fatalError("out of memory: zstd's window")
        default: .damaged("zstd", at: offset, String(cString: ZSTD_getErrorName(code)))
        }
    }

    /// One frame, at level 1.
    static func compress(_ buffers: [UnsafeRawBufferPointer]) -> OwnedBytes {
        guard let encoder = ZSTD_createCCtx() else { fatalError("out of memory: zstd's encoder") }
        defer { ZSTD_freeCCtx(encoder) }
        let total = buffers.reduce(0) { $0 + $1.count }
        let output = OwnedBytes(capacity: total / 2 + 4096)
        ZSTD_CCtx_setParameter(encoder, ZSTD_c_compressionLevel, 1)
        ZSTD_CCtx_setPledgedSrcSize(encoder, UInt64(total))
        for buffer in buffers where !buffer.isEmpty {
            var input = ZSTD_inBuffer(src: buffer.baseAddress, size: buffer.count, pos: 0)
            while input.pos < input.size { _ = step(encoder, &input, output, ZSTD_e_continue) }
        }
        var nothing = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while step(encoder, &nothing, output, ZSTD_e_end) != 0 {}
        return output.finished()
    }

    private static func step(
        _ encoder: OpaquePointer, _ input: inout ZSTD_inBuffer, _ output: OwnedBytes,
        _ directive: ZSTD_EndDirective
    ) -> Int {
        let room = output.room
        var made = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let left = ZSTD_compressStream2(encoder, &made, &input, directive)
        precondition(ZSTD_isError(left) == 0, "zstd: \(String(cString: ZSTD_getErrorName(left)))")
        output.fill(made.pos)
        return left
    }
}
