// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `conv1d` ... `conv_transpose3d`; only the types of its values are checked.
struct ConvolutionRequest: Sendable {
    let operation: ConvolutionOperation
    let input: WireTensor
    let weight: WireTensor
    var bias: WireTensor?
    var add: WireTensor?
    var parameters = ConvolutionParameters()
    var format: TensorSpelling?
    /// Whether the reply tells how it was computed.
    var explains = false

    /// How the reply's tensor is written in JSON.
    var spelling: ReplySpelling { ReplySpelling(asked: format, input) }

    /// What the engine computes with.
    var operands: Convolution.Operands {
        Convolution.Operands(
            input: input.tensor, weight: weight.tensor, bias: bias?.tensor, add: add?.tensor)
    }

    /// The convolution, if all that was sent fits together.
    func convolution() throws(RequestFailure) -> Convolution {
        let dtype = input.tensor.dtype
        if [weight, bias, add].contains(where: { ($0?.tensor.dtype ?? dtype) != dtype }) {
            try WireTensor.checkDTypes([input, weight, bias, add])
        }
        let convolution = try ConvolutionMemo.shared.convolution(
            for: ConvolutionMemo.Key(
                operation: operation, input: input.tensor.shape, weight: weight.tensor.shape,
                bias: bias?.tensor.shape, parameters: parameters))
        try checkAdd(convolution.outputShape)
        return convolution
    }

    private func checkAdd(_ outputShape: [Int]) throws(RequestFailure) {
        guard let shape = add?.tensor.shape, shape != outputShape else { return }
        throw .field(
            pointer: "/add",
            reason: "add has shape \(shape), but the output has \(outputShape), and they are added "
                + "element by element; send a tensor of that shape, or leave add out")
    }
}

extension ConvolutionParameters {
    /// The convolution of tensors with these shapes.
    func convolution(
        _ operation: ConvolutionOperation, input: [Int], weight: [Int], bias: [Int]?
    ) throws(RequestFailure) -> Convolution {
        let options = try options()
        try checkKernelShape(weight, operation)
        do {
            return try Convolution(
                ConvolutionGeometry(
                    operation.direction, spatialRank: operation.spatialRank, input: input,
                    weight: weight, bias: bias, options: options),
                options: options)
        } catch {
            throw failure(error)
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
