// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// How a tensor is written in JSON; also the values of `format`.
enum TensorSpelling: Int, RequestField {
    case nested, flat, base64

    var name: StaticString {
        switch self {
        case .nested: "nested"
        case .flat: "flat"
        case .base64: "base64"
        }
    }
}

/// A tensor out of a request.
struct WireTensor: Sendable {
    let tensor: Tensor
    let spelling: TensorSpelling
    /// Where its value begins in the request.
    let offset: Int
}
