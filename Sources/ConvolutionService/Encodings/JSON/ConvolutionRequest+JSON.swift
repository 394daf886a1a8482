// SPDX-License-Identifier: Apache-2.0

extension ConvolutionRequest {
    /// Reads the body of a request for `operation`.
    init(json cursor: inout JSONCursor, for operation: ConvolutionOperation) throws(RequestFailure)
    {
        var tensors = ConvolutionTensors()
        var parameters = ConvolutionParameters()
        var format: TensorSpelling?
        var explains = false
        let opening = cursor.offset
        try cursor.readObject(
            ConvolutionField.self, excluding: ConvolutionField.excluded(for: operation)
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .input, .weight, .bias, .add: try tensors.read(field, from: &cursor)
            case .format: format = try cursor.readWord("format", TensorSpelling.self)
            case .explain: explains = try cursor.readBool()
            default: try parameters.read(field, from: &cursor)
            }
        }
        let (input, weight) = try tensors.required(at: opening)
        self.init(
            operation: operation, input: input, weight: weight, bias: tensors.bias,
            add: tensors.add, parameters: parameters, format: format, explains: explains)
    }
}

/// The tensors of a convolution as they come.
struct ConvolutionTensors: Sendable {
    private var input, weight: WireTensor?
    private(set) var bias, add: WireTensor?

    mutating func read(
        _ field: ConvolutionField, from cursor: inout JSONCursor
    ) throws(RequestFailure) {
        let tensor = try cursor.readTensor()
        switch field {
        case .input: input = tensor
        case .weight: weight = tensor
        case .bias: bias = tensor
        case .add: add = tensor
        default: preconditionFailure("\(field) is no tensor")
        }
    }

    /// `opening`: where the object begins that should have them.
    func required(
        at opening: Int
    ) throws(RequestFailure) -> (input: WireTensor, weight: WireTensor) {
        guard let input else {
            throw .missing("input", at: opening, "the tensor to convolve, such as [[1, 2], [3, 4]]")
        }
        guard let weight else {
            throw .missing("weight", at: opening, "the kernel, such as [[1, 0], [0, -1]]")
        }
        return (input, weight)
    }
}
