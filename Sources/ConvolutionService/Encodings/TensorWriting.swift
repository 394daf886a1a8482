// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine
import HTTPTransport

/// Tensors as text, printed straight into the buffer that is sent.
extension ByteBuffer {
    /// Room that the tensor may need; nil where that is more than a number holds.
    static func byteBound(
        _ spelling: TensorSpelling, shape: [Int], dtype: DType
    ) -> Int? {
        let count = shape.reduce(1, *)
        let bound =
            switch spelling {
            case .nested: textBound(shape, dtype)
            case .flat: textBound([count], dtype)
            case .base64: tensor_text_base64_length(count * dtype.byteCount)
            }
        return bound < 0 ? nil : bound + wrapperByteCount
    }

    private static func textBound(_ shape: [Int], _ dtype: DType) -> Int {
        let rank = Int32(shape.count)
        return switch dtype {
        case .float32: tensor_text_byte_bound_float32(rank, shape)
        case .float64: tensor_text_byte_bound_float64(rank, shape)
        case .float16: tensor_text_byte_bound_float16(rank, shape)
        case .bfloat16: tensor_text_byte_bound_bfloat16(rank, shape)
        }
    }

    /// `{"shape":[...],"dtype":"bfloat16","data":` and `}` with eight sizes of 20 digits.
    private static let wrapperByteCount = 256

    /// Appends the tensor; the buffer has room for its bound.
    func append(_ tensor: Tensor, as spelling: TensorSpelling) {
        switch spelling {
        case .nested: appendNumbers(tensor, shape: tensor.shape)
        case .flat:
            appendHead(tensor)
            append(",\"data\":")
            appendNumbers(tensor, shape: [tensor.count])
            append("}")
        case .base64:
            appendHead(tensor)
            append(",\"base64\":\"")
            appendBase64(tensor)
            append("\"}")
        }
    }

    private func appendHead(_ tensor: Tensor) {
        append("{\"shape\":")
        append(jsonList(tensor.shape))
        append(",\"dtype\":\"")
        append(tensor.dtype.rawValue)
        append("\"")
    }

    private func appendNumbers(_ tensor: Tensor, shape: [Int]) {
        let out = (base + count).assumingMemoryBound(to: CChar.self)
        let rank = Int32(shape.count)
        switch tensor.dtype {
        case .float32:
            count += tensor.withElements(of: Float.self) {
                tensor_text_print_float32(out, $0.baseAddress!, rank, shape)
            }
        case .float64:
            count += tensor.withElements(of: Double.self) {
                tensor_text_print_float64(out, $0.baseAddress!, rank, shape)
            }
        case .float16:
            count += tensor.withBitPatterns {
                tensor_text_print_float16(out, $0.baseAddress!, rank, shape)
            }
        case .bfloat16:
            count += tensor.withBitPatterns {
                tensor_text_print_bfloat16(out, $0.baseAddress!, rank, shape)
            }
        }
    }

    private func appendBase64(_ tensor: Tensor) {
        let byteCount = tensor.count * tensor.dtype.byteCount
        let out = (base + count).assumingMemoryBound(to: CChar.self)
        tensor_text_base64_encode(out, tensor.storage.bytes, byteCount)
        count += tensor_text_base64_length(byteCount)
    }
}
