// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TensorFiles
import TestSupport
import Testing

/// Tensors of random bits, NaNs of every payload among them; sizes that leave nothing aligned.
private let tensors: [NamedTensor] = {
    var generator = SeededGenerator(seed: 3)
    let shapes = [[], [1], [0], [3, 0, 2], [2, 3], [5, 1, 7], [1, 3, 17, 19]]
    var tensors: [NamedTensor] = []
    for (index, shape) in shapes.enumerated() {
        for dtype in DType.allCases {
            let count = shape.reduce(dtype.byteCount, *)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let name = ["x", "weiß 😀", "a/\"b\"\\\n"][index % 3] + "\(index)\(dtype)"
            tensors.append(NamedTensor(name, Tensor(dtype, shape, bytes: bytes)))
        }
    }
    return tensors
}()

@Suite("Tensor files: what is written is read bit for bit")
struct WritingTests {
    /// The beginning that numpy.save writes, to the byte.
    @Test(
        arguments: TensorFileFixture.of("npy").filter {
            $0.name.contains("order C") && !$0.name.contains(">") || $0.name.contains("shape")
        })
    func npyHeader(_ fixture: TensorFileFixture) {
        let tensor = fixture.tensors[0]
        let header = NPY.header(DType(rawValue: tensor.dtype)!, tensor.shape)
        let numpys = Array(fixture.bytes.dropLast(tensor.bytes.bytes.count))
        let isFortran = String(decoding: numpys, as: UTF8.self).contains("True")
        #expect(isFortran ? header.count == numpys.count : header == numpys)
    }

    @Test(arguments: tensors)
    func npy(_ tensor: NamedTensor) throws {
        let header = NPY.header(tensor.tensor.dtype, tensor.tensor.shape)
        #expect(header.count % 64 == 0)
        let read = try readNPY(header + tensor.tensor.bytes, bfloat16: true)
        #expect(NamedTensor(tensor.name, read) == tensor)
    }

    @Test func npyHeaderOfVersion2() {
        let header = NPY.header(.float32, [Int](repeating: 1, count: 30_000))
        #expect(
            Array(header.prefix(8)) == Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) })
                + [2, 0])
        #expect(header.count % 64 == 0 && header.last == 0x0A)
        let length = header[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length == header.count - 12)
    }

    @Test func safetensors() throws {
        let metadata = [("stride", "[1, 2]"), ("note", "\u{0}\"\\\u{1F}ü\u{7F}")]
        let header = Safetensors.header(
            tensors.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) }, metadata: metadata)
        #expect(header.count % 64 == 0)
        let file = header + tensors.flatMap(\.tensor.bytes)
        #expect(try readSafetensors(file) == tensors)
        let read = try exactly(file) { try Safetensors.read($0).metadata }
        #expect(read.map(\.name) == metadata.map(\.0) && read.map(\.value) == metadata.map(\.1))
    }

    @Test func safetensorsWithoutTensors() throws {
        let header = Safetensors.header([])
        #expect(
            header == UInt64(56).littleEndianBytes + Array("{}".utf8)
                + [UInt8](repeating: 0x20, count: 54))
        #expect(try readSafetensors(header) == [])
    }

    /// 0xFFFFFFFF is what a file has; the others put more and more of it into ZIP64 records.
    @Test(arguments: [0xFFFF_FFFF, 5000, 1000, 150, 1, 0])
    func npz(limit32: UInt64) throws {
        for count in [0, 1, 2, tensors.count] {
            let some = Array(tensors.prefix(count))
            let parts = NPZ.parts(some.map { ($0.name, $0.tensor) }, limit32: limit32)
            #expect(parts.count == 2 * count + 1)
            #expect(try readNPZ(joined(parts), bfloat16: true) == some)
        }
    }

    private func joined(_ parts: [NPZ.Part]) -> [UInt8] {
        parts.flatMap { part in
            switch part {
            case .bytes(let bytes): bytes
            case .tensor(let tensor): tensor.bytes
            }
        }
    }
}

extension NamedTensor: CustomTestStringConvertible {
    var testDescription: String { "\(name.debugDescription) \(tensor.shape)" }
}
