// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The element types that the contract knows; half of them are not served yet.
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

    /// What the engine computes it in; nil if it does not.
    var served: DType? {
        switch self {
        case .float32: .float32
        case .float64: .float64
        case .float16, .bfloat16: nil
        }
    }

    var isServed: Bool { served != nil }
}
