// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension Safetensors {
    /// The beginning of a file up to its data, for tensors whose bytes follow it in this order.
    ///
    /// Blanks behind the JSON put the data at a multiple of 64 bytes. Names are different from each
    /// other, as are those of metadata.
    public static func header(
        _ tensors: [(name: String, dtype: DType, shape: [Int])],
        metadata: [(name: String, value: String)] = []
    ) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.map { "\(literal($0.name)):\(literal($0.value))" }
            members.append(
                "\"\(SafetensorsHeader.metadataName)\":{\(pairs.joined(separator: ","))}")
        }
        var begin = 0
        for (name, dtype, shape) in tensors {
            let end = begin + WireShape.byteCount(shape, dtype)!
            let sizes = shape.map(String.init).joined(separator: ",")
            members.append(
                """
                \(literal(name)):{"dtype":"\(SafetensorsDType.word(dtype))","shape":[\(sizes)],\
                "data_offsets":[\(begin),\(end)]}
                """)
            begin = end
        }
        return file(beginningWith: "{\(members.joined(separator: ","))}")
    }

    private static func file(beginningWith json: String) -> [UInt8] {
        let length = (8 + json.utf8.count + 63) / 64 * 64 - 8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + length)
        withUnsafeBytes(of: UInt64(length).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: json.utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 8 + length - bytes.count))
        return bytes
    }

    /// A string in JSON.
    private static func literal(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain { return "\"" + text + "\"" }
        var literal = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": literal.append(contentsOf: ["\\", scalar])
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                let padding = digits.count == 1 ? "0" : ""
                literal.append(contentsOf: "\\u00\(padding)\(digits)".unicodeScalars)
            default: literal.append(scalar)
            }
        }
        literal.append("\"")
        return String(literal)
    }
}
