// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine

/// The fields of the flat and the base64 spelling.
enum TensorField: Int, RequestField {
    case shape, dtype, data, base64

    var name: StaticString {
        switch self {
        case .shape: "shape"
        case .dtype: "dtype"
        case .data: "data"
        case .base64: "base64"
        }
    }
}

struct FlatNumbers {
    let storage: TensorStorage
    let dtype: DType
    let count: Int
    let offset: Int
}

/// `{"shape", "dtype", "data" | "base64"}` as sent, before the parts are held against each other.
struct TensorObject {
    var shape: [Int]?
    var dtype: DType?
    var data: FlatNumbers?
    var base64: JSONText?
}

extension TensorObject {
    /// The tensor, if the parts agree; `offset`: of the object.
    func tensor(at offset: Int) throws(RequestFailure) -> WireTensor {
        guard let shape else {
            throw .missing("shape", at: offset, "the sizes of the dimensions, such as [1, 3, 8, 8]")
        }
        let count = shape.reduce(1, *)
        switch (data, base64) {
        case (let data?, nil):
            guard data.count == count else {
                throw .value(at: data.offset, mismatch("data", data.count, "numbers", shape, count))
            }
            let tensor = Tensor(dtype: dtype ?? .float32, shape: shape, storage: data.storage)
            return WireTensor(tensor, .flat, at: offset)
        case (nil, let text?):
            let storage = try decode(text, shape: shape, count: count, as: dtype ?? .float32)
            let tensor = Tensor(dtype: dtype ?? .float32, shape: shape, storage: storage)
            return WireTensor(tensor, .base64, at: offset)
        case (nil, nil):
            throw .missing("data", at: offset, "the numbers in row-major order, or \"base64\"")
        case (_?, let text?):
            throw .value(
                at: text.offset, "both \"data\" and \"base64\" are given; leave one of them out")
        }
    }

    private func mismatch(
        _ name: String, _ found: Int, _ unit: String, _ shape: [Int], _ expected: Int
    ) -> String {
        "\"\(name)\" has \(found) \(unit), but shape \(shape) needs \(expected)"
    }

    private func decode(
        _ text: JSONText, shape: [Int], count: Int, as dtype: DType
    ) throws(RequestFailure) -> TensorStorage {
        let characters = text.hasEscapes ? text.unescaped : nil
        let decode = { (bytes: UnsafeBufferPointer<UInt8>) throws(RequestFailure) in
            try self.decode(bytes, of: text, shape, count * dtype.byteCount, dtype)
        }
        guard let characters else { return try decode(text.bytes) }
        return try characters.withUnsafeBufferPointer(decode)
    }

    private func decode(
        _ characters: UnsafeBufferPointer<UInt8>, of text: JSONText, _ shape: [Int],
        _ byteCount: Int, _ dtype: DType
    ) throws(RequestFailure) -> TensorStorage {
        let source = UnsafeRawPointer(characters.baseAddress!).assumingMemoryBound(to: CChar.self)
        let found = tensor_text_base64_byte_count(source, characters.count)
        guard found == byteCount else {
            let held =
                found < 0
                ? "\(characters.count) characters, no multiple of 4" : counted(found, "byte")
            throw .value(
                at: text.offset,
                """
                "base64" has \(held), but shape \(shape) of \(dtype.rawValue) needs \
                \(counted(byteCount, "byte"))
                """)
        }
        let storage = TensorStorage(byteCount: byteCount)
        let decoding = tensor_text_base64_decode(
            storage.bytes, byteCount, source, characters.count)
        guard decoding.code == .ok else {
            throw .value(
                at: text.offset,
                "character \(decoding.position) of \"base64\": \(String(cString: decoding.message))"
            )
        }
        return storage
    }
}
