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
    /// How it was written; nil if not in JSON.
    let spelling: TensorSpelling?
    /// Where its value begins in the document.
    var offset: Int

    init(_ tensor: Tensor, _ spelling: TensorSpelling?, at offset: Int) {
        (self.tensor, self.spelling, self.offset) = (tensor, spelling, offset)
    }

    /// One that came beside the document, which it has no place in yet.
    init(attached tensor: Tensor) { self.init(tensor, nil, at: 0) }
}
