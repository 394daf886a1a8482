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

    func decode(
        _ text: [UInt8], capacity: Int? = nil, _ implementation: TensorTextImplementation
    ) -> (TensorTextDecoding, [UInt8]) {
        text.withUnsafeBufferPointer { text in
            text.withMemoryRebound(to: CChar.self) { text in
                let pointer = text.baseAddress ?? UnsafePointer(bitPattern: 8)!
                let capacity =
                    capacity ?? max(0, tensor_text_base64_byte_count(pointer, text.count))
                var bytes = [UInt8](repeating: 0xAB, count: capacity + 16)
                let decoding = implementation.base64Decode(&bytes, capacity, pointer, text.count)
                #expect(bytes[capacity...].allSatisfy { $0 == 0xAB }, "wrote past the capacity")
                return (decoding, Array(bytes.prefix(decoding.count)))
            }
        }
    }

    func encode(_ bytes: [UInt8], _ implementation: TensorTextImplementation) -> String {
        let length = tensor_text_base64_length(bytes.count)
        var out = [CChar](repeating: 0x7E, count: length + 8)
        implementation.base64Encode(&out, bytes, bytes.count)
        #expect(out[length...].allSatisfy { $0 == 0x7E }, "wrote past the length")
        return String(decoding: out.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// RFC 4648, section 10.
    @Test(arguments: implementationNames)
    func vectorsOfTheStandard(_ name: String) throws {
        let implementation = try implementation(name)
        for (plain, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(encode(Array(plain.utf8), implementation) == encoded)
            let (decoding, bytes) = decode(Array(encoded.utf8), implementation)
            #expect(decoding.code == .ok && bytes == Array(plain.utf8))
            #expect(decoding.position == encoded.utf8.count)
        }
    }

    @Test(arguments: implementationNames)
    func anyBytesOfAnyLengthGoBothWays(_ name: String) throws {
        let implementation = try implementation(name)
        let seed: UInt64 = 3
        var random = SeededGenerator(seed: seed)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let encoded = Data(bytes).base64EncodedString()
            #expect(encode(bytes, implementation) == encoded, "seed \(seed), length \(length)")
            let (decoding, decoded) = decode(Array(encoded.utf8), implementation)
            #expect(decoding.code == .ok && decoded == bytes, "seed \(seed), length \(length)")
        }
    }

    @Test(
        arguments: implementationNames,
        [
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
    func refuses(_ name: String, _ row: Refusal) throws {
        let (decoding, _) = try decode(Array(row.text.utf8), implementation(name))
        #expect(decoding.code == .badBase64)
        #expect(decoding.position == row.position, "\(row.text)")
        #expect(String(cString: decoding.message).count > 5)
    }

    /// Each of the 256 bytes at each place of a long text.
    @Test(arguments: implementationNames)
    func refusesEveryOtherByte(_ name: String) throws {
        let implementation = try implementation(name)
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let length = 152
        for place in 0..<length {
            for byte in UInt8.min...UInt8.max where place < length - 1 || byte != 0x3D {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: length)
                text[place] = byte
                let decoding = decode(text, implementation).0
                let position = alphabet.contains(byte) ? length : place
                let isRight = (decoding.code == .ok) == alphabet.contains(byte)
                if !isRight || decoding.position != position {
                    Issue.record("byte \(byte) at \(place): position \(decoding.position)")
                }
            }
        }
    }

    @Test(arguments: implementationNames)
    func stopsAtTheCapacity(_ name: String) throws {
        let implementation = try implementation(name), text = Array("Zm9vYmFy".utf8)
        #expect(decode(text, capacity: 5, implementation).0.code == .full)
        #expect(decode(text, capacity: 6, implementation).0.code == .ok)
        #expect(tensor_text_base64_byte_count("Zg", 2) == -1)
    }
}
