// SPDX-License-Identifier: Apache-2.0

import TensorFiles
import TestSupport
import Testing

/// A body that is not expanded, and why.
private struct BodyRefusal: Sendable, CustomTestStringConvertible {
    let name: String
    let compression: Compression
    let body: [UInt8]
    let reason: String
    var testDescription: String { "\(compression): \(name)" }

    init(_ name: String, _ compression: Compression, _ body: [UInt8], _ reason: String) {
        (self.name, self.compression, self.body, self.reason) = (name, compression, body, reason)
    }
}

private let text = Array("a text, a text, a text".utf8)

private func compressed(_ compression: Compression) -> [UInt8] {
    exactly(text) { compression.compress([$0]).copied }
}

private func changed(_ compression: Compression, at index: Int, to value: UInt8) -> [UInt8] {
    var bytes = compressed(compression)
    bytes[index < 0 ? bytes.count + index : index] = value
    return bytes
}

/// A frame without a block's content, whose window has 2^log bytes.
private func frame(windowLog: UInt8) -> [UInt8] {
    [0x28, 0xB5, 0x2F, 0xFD, 0, (windowLog - 10) << 3, 1, 0, 0]
}

private let asSaid = "; send it as its Content-Encoding says"

private let refusals: [BodyRefusal] = [
    .init(
        "nothing", .gzip, [],
        "the body's 0 bytes of gzip end before the stream does; it is cut off: send all of it"),
    .init(
        "nothing", .deflate, [],
        "the body's 0 bytes of deflate end before the stream does; it is cut off: send all of it"),
    .init(
        "nothing", .zstd, [],
        "the body's 0 bytes of zstd end before the stream does; it is cut off: send all of it"),
    .init(
        "JSON", .gzip, Array("{\"input\": 1}".utf8),
        "at byte 2 the body is no valid gzip (incorrect header check)" + asSaid),
    .init(
        "JSON", .deflate, Array("{\"input\": 1}".utf8),
        "at byte 9 the body is no valid deflate (invalid distance too far back)" + asSaid),
    .init(
        "JSON", .zstd, Array("{\"input\": 1}".utf8),
        "at byte 0 the body is no valid zstd (it does not begin with a frame)" + asSaid),
    .init(
        "another checksum", .gzip, changed(.gzip, at: -8, to: 1),
        "at byte 26 the body is no valid gzip (incorrect data check)" + asSaid),
    .init(
        "another length", .gzip, changed(.gzip, at: -1, to: 1),
        "at byte 30 the body is no valid gzip (incorrect length check)" + asSaid),
    .init(
        "another checksum", .deflate, changed(.deflate, at: -1, to: 1),
        "at byte 18 the body is no valid deflate (incorrect data check)" + asSaid),
    .init(
        "a dictionary", .deflate, [0x78, 0xBB, 0, 0, 0, 1, 3, 0],
        "at byte 6 the body is no valid deflate (it needs a dictionary)" + asSaid),
    .init(
        "a stray byte", .gzip, compressed(.gzip) + [0],
        "the body's gzip ends at byte 30 of 31; leave out what is behind it"),
    .init(
        "half a magic", .gzip, compressed(.gzip) + [0x1F],
        "the body's gzip ends at byte 30 of 31; leave out what is behind it"),
    .init(
        "half a member", .gzip, compressed(.gzip) + [0x1F, 0x8B, 8],
        "the body's 33 bytes of gzip end before the stream does; it is cut off: send all of it"),
    .init(
        "stray bytes", .deflate, compressed(.deflate) + [0, 0],
        "the body's deflate ends at byte 18 of 20; leave out what is behind it"),
    .init(
        "stray bytes", .zstd, frame(windowLog: 10) + [1, 2],
        "the body's zstd ends at byte 9 of 11; leave out what is behind it"),
    .init(
        "many stray bytes", .zstd, frame(windowLog: 10) + text,
        "the body's zstd ends at byte 9 of 31; leave out what is behind it"),
    .init(
        "a window of 16 MiB", .zstd, frame(windowLog: 24),
        "the body's zstd has a window of more than 8388608 bytes (RFC 9659); compress it at level 19 or below"
    ),
    .init(
        "a format of 2015", .zstd, [0x27, 0xB5, 0x2F, 0xFD, 0, 0, 0, 0],
        "at byte 0 the body is no valid zstd (it does not begin with a frame)" + asSaid),
    .init(
        "a reserved block", .zstd, [0x28, 0xB5, 0x2F, 0xFD, 0, 0, 7, 0, 0],
        "at byte 0 the body is no valid zstd (data corruption detected)" + asSaid),
]

@Suite("Compression: bodies there and back, and bombs")
struct CompressionTests {
    @Test(arguments: refusals)
    private func refuses(_ refusal: BodyRefusal) {
        #expect(throws: CompressionError.malformed(reason: refusal.reason)) {
            try expand(refusal.body, refusal.compression)
        }
    }

    @Test func largestWindow() throws {
        #expect(try expand(frame(windowLog: 23), .zstd) == [])
    }

    /// 10 GiB in 10 MB and less: refused at the first byte too many.
    @Test(arguments: Compression.allCases)
    func bomb(_ compression: Compression) {
        let body: [UInt8]
        switch compression {
        case .gzip: body = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + deflatedZeros(mebibytes: 10_240)
        case .deflate: body = deflatedZeros(mebibytes: 10_240)
        case .zstd:
            let block: [UInt8] = [2, 0, 0x10, 0]  // 128 KiB of the byte 0
            body =
                Array(frame(windowLog: 20).dropLast(3))
                + [[UInt8]](repeating: block, count: 81_920).joined()
        }
        let reason = """
            the body expands to more than the 1048576 bytes that are allowed; send a smaller one, \
            or in parts
            """
        #expect(throws: CompressionError.tooLarge(reason: reason)) {
            try expand(body, compression)
        }
    }

    @Test(arguments: Compression.allCases)
    func thereAndBack(_ compression: Compression) throws {
        var generator = SeededGenerator(seed: 7)
        for count in [0, 1, 63, 4096, 100_000, 3_000_000] {
            let noise = (0..<count).map { _ in UInt8.random(in: 48...57, using: &generator) }
            let (first, rest) = (Array(noise.prefix(count / 3)), Array(noise.dropFirst(count / 3)))
            let body = exactly(first) { first in
                exactly(rest) { compression.compress([first, $0, $0.prefix(0).rebased]).copied }
            }
            #expect(try expand(body, compression, limit: count) == noise, "\(count) bytes")
            #expect(count < 4096 || body.count < count * 6 / 10, "\(count) bytes as \(body.count)")
        }
    }

    @Test(arguments: Compression.allCases)
    func zerosFollow(_ compression: Compression) throws {
        let bytes = try compression.expand(compressed(compression), maxExpandedByteCount: 100)
        let slack = UnsafeRawBufferPointer(
            start: bytes.base + bytes.count, count: OwnedBytes.slackByteCount)
        #expect(slack.allSatisfy { $0 == 0 } && slack.count == 64)
        #expect(bytes.copied == text)
    }
}

extension Compression {
    fileprivate func expand(
        _ bytes: [UInt8], maxExpandedByteCount: Int
    ) throws(CompressionError) -> OwnedBytes {
        try exactly(bytes) { bytes throws(CompressionError) in
            try expand(bytes, maxExpandedByteCount: maxExpandedByteCount)
        }
    }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var rebased: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self) }
}

/// Bare deflate without its end.
func deflatedZeros(mebibytes: Int) -> [UInt8] {
    let block = TensorFileFixture.of("block")[0].bytes
    return Array([[UInt8]](repeating: block, count: mebibytes).joined())
}
