// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import JSONText

extension Safetensors {
    /// The beginning of a file up to its data, for tensors whose bytes follow it in this order.
    ///
    /// Blanks behind the JSON put the data at a multiple of 64 bytes. Names are different from each
    /// other, as are those of metadata.
    public static func header(
        _ tensors: [(name: String, dtype: DType, shape: [Int])],
        metadata: [(name: String, value: String)] = []
    ) -> [UInt8] {
        header(tensors.map { ($0.name, SafetensorsType($0.dtype), $0.shape) }, metadata: metadata)
    }

    /// ``header(_:metadata:)`` for tensors of any element type.
    ///
    /// - Parameters:
    ///   - tensors: each fills whole bytes
    ///   - byteCount: at least as many for all of it, in case that metadata will be longer; blanks fill it
    public static func header(
        _ tensors: [(name: String, type: SafetensorsType, shape: [Int])],
        metadata: [(name: String, value: String)] = [], atLeast byteCount: Int = 0
    ) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.map { "\(jsonString($0.name)):\(jsonString($0.value))" }
            members.append(
                "\"\(SafetensorsHeader.metadataName)\":{\(pairs.joined(separator: ","))}")
        }
        var begin = 0
        for (name, type, shape) in tensors {
            let end = begin + WireShape.byteCount(shape, bits: type.bitCount)!
            let sizes = shape.map(String.init).joined(separator: ",")
            members.append(
                """
                \(jsonString(name)):{"dtype":"\(type.word)","shape":[\(sizes)],\
                "data_offsets":[\(begin),\(end)]}
                """)
            begin = end
        }
        return file(beginningWith: "{\(members.joined(separator: ","))}", byteCount)
    }

    private static func file(beginningWith json: String, _ byteCount: Int) -> [UInt8] {
        let length = (max(8 + json.utf8.count, byteCount) + 63) / 64 * 64 - 8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + length)
        withUnsafeBytes(of: UInt64(length).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: json.utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 8 + length - bytes.count))
        return bytes
    }
}
