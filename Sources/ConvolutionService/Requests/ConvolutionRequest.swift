// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `conv1d` ... `conv_transpose3d`; only the types of its values are checked.
struct ConvolutionRequest: Sendable {
    let input: WireTensor
    let weight: WireTensor
    var bias: WireTensor?
    var options = ConvolutionOptions()
    var format: TensorSpelling?

    /// How the reply's tensor is written: as asked, else as the input was.
    var replySpelling: TensorSpelling { format ?? input.spelling }

    private var hasOneDType: Bool {
        let dtype = input.tensor.dtype
        return weight.tensor.dtype == dtype && (bias?.tensor.dtype ?? dtype) == dtype
    }

    /// The sizes, if they fit together.
    func geometry(_ operation: ConvolutionOperation) throws(RequestFailure) -> ConvolutionGeometry {
        if !hasOneDType { try WireTensor.checkDTypes([input, weight, bias]) }
        do {
            return try ConvolutionGeometry(
                operation.direction, spatialRank: operation.spatialRank, input: input.tensor.shape,
                weight: weight.tensor.shape, bias: bias?.tensor.shape, options: options)
        } catch {
            throw RequestFailure(error)
        }
    }
}

extension WireTensor {
    /// Tensors of one request have one dtype: the first one's.
    static func checkDTypes(_ tensors: [WireTensor?]) throws(RequestFailure) {
        let sent = tensors.compactMap { $0 }.sorted { $0.offset < $1.offset }
        for other in sent where other.tensor.dtype != sent[0].tensor.dtype {
            throw .value(
                at: other.offset,
                """
                this tensor is \(other.describedDType), but the first one of the request is \
                \(sent[0].describedDType); all tensors of a request have one dtype
                """)
        }
    }

    private var describedDType: String {
        spelling == .nested ? "float32 (nested lists always are)" : tensor.dtype.rawValue
    }
}

extension RequestFailure {
    /// The engine's refusal, at the field that it names.
    init(_ error: ConvolutionError) {
        self = .field(pointer: "/" + error.field, reason: error.reason)
    }
}
