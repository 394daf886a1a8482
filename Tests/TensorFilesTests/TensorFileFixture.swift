// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import TensorFiles
import Testing

/// A file of another program's, and what is in it; Fixtures/tensor_files.py made them.
struct TensorFileFixture: Decodable, Sendable, CustomTestStringConvertible {
    struct Base64: Decodable, Sendable {
        let bytes: [UInt8]

        init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            bytes = Array(Data(base64Encoded: text)!)
        }
    }

    struct Content: Decodable, Sendable {
        let name, dtype: String
        let shape: [Int]
        let bytes: Base64

        var named: NamedTensor {
            NamedTensor(name, Tensor(DType(rawValue: dtype)!, shape, bytes: bytes.bytes))
        }
    }

    let name, format: String
    let file: Base64
    let tensors: [Content]
    let bfloat16: Bool?
    let metadata: [String: String]?
    let expected: Base64?
    var testDescription: String { "\(format): \(name)" }

    var bytes: [UInt8] { file.bytes }

    static let all: [TensorFileFixture] = {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures")
        let json = try! Data(contentsOf: fixtures.appending(path: "tensor_files.json"))
        return try! JSONDecoder().decode([TensorFileFixture].self, from: json)
    }()

    static func of(_ formats: String...) -> [TensorFileFixture] {
        all.filter { formats.contains($0.format) }
    }

}

/// A tensor that compares by its bits.
struct NamedTensor: Equatable, CustomStringConvertible {
    let name: String
    let tensor: Tensor

    init(_ name: String, _ tensor: Tensor) { (self.name, self.tensor) = (name, tensor) }

    var description: String { "\(name): \(tensor.dtype) \(tensor.shape) \(tensor.bytes)" }

    static func == (a: NamedTensor, b: NamedTensor) -> Bool {
        a.name.unicodeScalars.elementsEqual(b.name.unicodeScalars)
            && a.tensor.dtype == b.tensor.dtype
            && a.tensor.shape == b.tensor.shape && a.tensor.bytes == b.tensor.bytes
    }
}

extension Tensor {
    init(_ dtype: DType, _ shape: [Int], bytes: [UInt8]) {
        let storage = TensorStorage(byteCount: bytes.count)
        storage.bytes.copyMemory(from: bytes, byteCount: bytes.count)
        self.init(dtype: dtype, shape: shape, storage: storage)
    }

    var bytes: [UInt8] {
        defer { withExtendedLifetime(storage) {} }
        return Array(UnsafeRawBufferPointer(start: storage.bytes, count: count * dtype.byteCount))
    }
}

/// Bytes in memory of exactly their size, so that a sanitizer sees the first one read too many.
func exactly<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(memory))
}

func readSafetensors(_ file: [UInt8]) throws(TensorFileError) -> [NamedTensor] {
    try exactly(file) { file throws(TensorFileError) in
        try Safetensors.read(file).tensors.map { NamedTensor($0.name, $0.tensor(of: file)) }
    }
}

func readNPY(_ file: [UInt8], bfloat16: Bool = false) throws(TensorFileError) -> Tensor {
    try exactly(file) { file throws(TensorFileError) in try NPY.read(file, bfloat16: bfloat16) }
}

func readNPZ(
    _ file: [UInt8], limit: Int = 1 << 20, bfloat16: Bool = false
) throws(TensorFileError) -> [NamedTensor] {
    try exactly(file) { file throws(TensorFileError) in
        try NPZ.read(file, maxExpandedByteCount: limit, bfloat16: bfloat16)
            .map { NamedTensor($0.name, $0.tensor) }
    }
}

func expand(
    _ bytes: [UInt8], _ compression: Compression, limit: Int = 1 << 20
) throws(CompressionError) -> [UInt8] {
    try exactly(bytes) { bytes throws(CompressionError) in
        try compression.expand(bytes, maxExpandedByteCount: limit).copied
    }
}

extension OwnedBytes {
    var copied: [UInt8] { Array(readable) }
}
