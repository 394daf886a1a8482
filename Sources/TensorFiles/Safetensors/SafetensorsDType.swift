// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The format's words for element types.
enum SafetensorsDType {
    /// Words of types that are no tensors here.
    private static let others: Set<String> = [
        "BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0",
        "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16", "U16", "I32", "U32", "C64", "I64", "U64",
    ]

    static func word(_ dtype: DType) -> String {
        switch dtype {
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .float32: "F32"
        case .float64: "F64"
        }
    }

    static func computed(_ word: String, tensor: String) throws(TensorFileError) -> DType {
        if let dtype = DType.allCases.first(where: { self.word($0) == word }) { return dtype }
        let isKnown = others.contains(word)
        let flaw = isKnown ? "is not computed here" : "is no element type of safetensors"
        throw TensorFileError(
            tensor: tensor,
            """
            dtype \(quoted(word)) \(flaw); F16, BF16, F32 and F64 are: convert the tensor with \
            x.astype("float32") or x.float(), or leave it out
            """, kind: isKnown ? .unsupported : .damaged)
    }
}
