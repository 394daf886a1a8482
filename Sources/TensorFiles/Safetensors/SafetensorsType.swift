// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// An element type of the format: those that are computed with, and those that are only passed on.
public struct SafetensorsType: Equatable, Sendable {
    /// `F32`, `I64`, ...
    public let word: String
    /// Of one element; some types pack several into a byte.
    public let bitCount: Int

    /// The type that is computed with; nil for one that is only passed on.
    public var dtype: DType? { DType.allCases.first { Self.word($0) == word } }

    private static let bitCounts: [String: Int] = [
        "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8,
        "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16,
        "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
        "U64": 64,
    ]

    /// The type of a tensor's elements.
    public init(_ dtype: DType) { (word, bitCount) = (Self.word(dtype), 8 * dtype.byteCount) }

    init(word: String, tensor: String) throws(TensorFileError) {
        guard let bitCount = Self.bitCounts[word] else {
            throw Self.notComputed(word, "is no element type of safetensors", tensor, .damaged)
        }
        (self.word, self.bitCount) = (word, bitCount)
    }

    static func word(_ dtype: DType) -> String {
        switch dtype {
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .float32: "F32"
        case .float64: "F64"
        }
    }

    /// The type to compute with, or the refusal of one that is only passed on.
    func computed(tensor: String) throws(TensorFileError) -> DType {
        if let dtype { return dtype }
        throw Self.notComputed(word, "is not computed here", tensor, .unsupported)
    }

    private static func notComputed(
        _ word: String, _ flaw: String, _ tensor: String, _ kind: TensorFileError.Kind
    ) -> TensorFileError {
        TensorFileError(
            tensor: tensor,
            """
            dtype \(quoted(word)) \(flaw); F16, BF16, F32 and F64 are: convert the tensor with \
            x.astype("float32") or x.float(), or leave it out
            """, kind: kind)
    }
}
