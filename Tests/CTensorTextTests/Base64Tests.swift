// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation
import TestSupport
import Testing

@Suite struct Base64Tests {
    struct Refusal: Sendable {
        var text: String
        var position: Int
    }

    func decode(_ text: [UInt8], capacity: Int? = nil) -> (TensorTextDecoding, [UInt8]) {
        text.withUnsafeBufferPointer { text in
            text.withMemoryRebound(to: CChar.self) { text in
                let pointer = text.baseAddress ?? UnsafePointer(bitPattern: 8)!
                let capacity =
                    capacity ?? max(0, tensor_text_base64_byte_count(pointer, text.count))
                var bytes = [UInt8](repeating: 0xAB, count: capacity + 16)
                let decoding = tensor_text_base64_decode(&bytes, capacity, pointer, text.count)
                #expect(bytes[capacity...].allSatisfy { $0 == 0xAB }, "wrote past the capacity")
                return (decoding, Array(bytes.prefix(decoding.count)))
            }
        }
    }

    func encode(_ bytes: [UInt8]) -> String {
        let length = tensor_text_base64_length(bytes.count)
        var out = [CChar](repeating: 0x7E, count: length + 8)
        tensor_text_base64_encode(&out, bytes, bytes.count)
        #expect(out[length...].allSatisfy { $0 == 0x7E }, "wrote past the length")
        return String(decoding: out.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// RFC 4648, section 10.
    @Test func vectorsOfTheStandard() {
        for (plain, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(encode(Array(plain.utf8)) == encoded)
            let (decoding, bytes) = decode(Array(encoded.utf8))
            #expect(decoding.code == .ok && bytes == Array(plain.utf8))
            #expect(decoding.position == encoded.utf8.count)
        }
    }

    @Test func anyBytesOfAnyLengthGoBothWays() {
        let seed: UInt64 = 3
        var random = SeededGenerator(seed: seed)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let encoded = Data(bytes).base64EncodedString()
            #expect(encode(bytes) == encoded, "seed \(seed), length \(length)")
            let (decoding, decoded) = decode(Array(encoded.utf8))
            #expect(decoding.code == .ok && decoded == bytes, "seed \(seed), length \(length)")
        }
    }

    @Test(arguments: [
        Refusal(text: "Zg", position: 2), Refusal(text: "Zg=", position: 3),
        Refusal(text: "Zm9vY", position: 5), Refusal(text: "Zm9v\n", position: 5),
        Refusal(text: "Zm9 ", position: 3), Refusal(text: "Zm-v", position: 2),
        Refusal(text: "Zm_v", position: 2), Refusal(text: "Zg==Zg==", position: 2),
        Refusal(text: "Z===", position: 1), Refusal(text: "====", position: 0),
        Refusal(text: "Zm=v", position: 2), Refusal(text: "Zh==", position: 1),
        Refusal(text: "Zm9=", position: 2), Refusal(text: "Zm9vZm9\u{0}", position: 7),
        Refusal(text: "Zm9vZm9vZm9vZm9v!m9vZm9vZm9vZm9v", position: 16),
        Refusal(text: "Zm9vé12", position: 4),
    ])
    func refuses(_ row: Refusal) {
        let (decoding, _) = decode(Array(row.text.utf8))
        #expect(decoding.code == .badBase64)
        #expect(decoding.position == row.position, "\(row.text)")
        #expect(String(cString: decoding.message).count > 5)
    }

    /// Each of the 256 bytes at each place of a long text.
    @Test func refusesEveryOtherByte() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for place in 0..<24 {
            for byte in UInt8.min...UInt8.max where !(place == 23 && byte == UInt8(ascii: "=")) {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: 24)
                text[place] = byte
                let decoding = decode(text).0
                #expect((decoding.code == .ok) == alphabet.contains(byte))
                #expect(decoding.position == (alphabet.contains(byte) ? 24 : place))
            }
        }
    }

    @Test func stopsAtTheCapacity() {
        #expect(decode(Array("Zm9vYmFy".utf8), capacity: 5).0.code == .full)
        #expect(decode(Array("Zm9vYmFy".utf8), capacity: 6).0.code == .ok)
        #expect(tensor_text_base64_byte_count("Zg", 2) == -1)
    }
}
