// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The element types by name.
enum WireDType: Int, RequestField {
    case float32, float64, float16, bfloat16

    var name: StaticString {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        }
    }

    /// The engine's element type.
    var dtype: DType {
        switch self {
        case .float32: .float32
        case .float64: .float64
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }
}
