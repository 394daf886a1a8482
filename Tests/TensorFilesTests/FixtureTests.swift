// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TensorFiles
import Testing

@Suite("Tensor files: what numpy, safetensors, zipfile, zlib and zstd write is read bit for bit")
struct FixtureTests {
    @Test(arguments: TensorFileFixture.of("npy"))
    func npy(_ fixture: TensorFileFixture) throws {
        let tensor = try readNPY(fixture.bytes, bfloat16: fixture.bfloat16 ?? false)
        #expect([NamedTensor("", tensor)] == fixture.tensors.map(\.named))
    }

    @Test(arguments: TensorFileFixture.of("npz"))
    func npz(_ fixture: TensorFileFixture) throws {
        let tensors = try readNPZ(fixture.bytes, bfloat16: fixture.bfloat16 ?? false)
        #expect(tensors == fixture.tensors.map(\.named))
    }

    @Test(arguments: TensorFileFixture.of("safetensors"))
    func safetensors(_ fixture: TensorFileFixture) throws {
        let byName = { (tensors: [NamedTensor]) in tensors.sorted { $0.name < $1.name } }
        let tensors = try readSafetensors(fixture.bytes)
        #expect(byName(tensors) == byName(fixture.tensors.map(\.named)))
        let metadata = try exactly(fixture.bytes) { try Safetensors.read($0).metadata }
        #expect(
            Dictionary(uniqueKeysWithValues: metadata.map { ($0.name, $0.value) })
                == fixture.metadata ?? [:])
    }

    @Test(arguments: TensorFileFixture.of("gzip", "deflate", "zstd"))
    func compression(_ fixture: TensorFileFixture) throws {
        let compression = Compression(rawValue: fixture.format)!
        let expected = fixture.expected!.bytes
        #expect(try expand(fixture.bytes, compression) == expected)
        // To the last byte that is allowed, and not to one less.
        #expect(try expand(fixture.bytes, compression, limit: expected.count) == expected)
        guard !expected.isEmpty else { return }
        #expect {
            try expand(fixture.bytes, compression, limit: expected.count - 1)
        } throws: {
            if case .tooLarge? = $0 as? CompressionError { true } else { false }
        }
    }

    /// No prefix of a file is a file.
    @Test(arguments: TensorFileFixture.of("npy", "npz", "safetensors"))
    func cutOff(_ fixture: TensorFileFixture) {
        for count in 0..<fixture.bytes.count {
            let file = Array(fixture.bytes.prefix(count))
            #expect(throws: TensorFileError.self, "\(count) bytes") {
                switch fixture.format {
                case "npy": _ = try readNPY(file, bfloat16: true)
                case "npz": _ = try readNPZ(file, bfloat16: true)
                default: _ = try readSafetensors(file)
                }
            }
        }
    }

    /// No prefix of a compressed body is one, but for whole members and frames.
    @Test(arguments: TensorFileFixture.of("gzip", "deflate", "zstd"))
    func cutOffBody(_ fixture: TensorFileFixture) {
        let whole = fixture.expected!.bytes
        for count in 0..<fixture.bytes.count {
            let prefix = Array(fixture.bytes.prefix(count))
            guard let bytes = try? expand(prefix, Compression(rawValue: fixture.format)!) else {
                continue
            }
            #expect(
                bytes.count < whole.count || fixture.name.contains("members")
                    || fixture.name.contains("frames"), "\(count) bytes")
            #expect(fixture.name.contains("members") || fixture.name.contains("frames"))
        }
    }
}
