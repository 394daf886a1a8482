// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `shape`: a convolution with shapes in the place of tensors.
struct ShapeRequest: Sendable {
    let operation: ConvolutionOperation
    let input: [Int]
    let weight: [Int]
    var bias: [Int]?
    var dtype = DType.float32
    var parameters = ConvolutionParameters()

    func convolution() throws(RequestFailure) -> Convolution {
        try parameters.convolution(operation, input: input, weight: weight, bias: bias)
    }
}

extension ShapeRequest {
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var operation: ConvolutionOperation?
        var input, weight, bias: [Int]?
        var dtype = DType.float32
        var parameters = ConvolutionParameters()
        let opening = cursor.offset
        try cursor.readObject(
            ConvolutionField.self, excluding: FieldSet(.format, .add, .explain)
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .operation:
                operation = try cursor.readWord("operation", ConvolutionOperation.self)
            case .input: input = try cursor.readShape()
            case .weight: weight = try cursor.readShape()
            case .bias: bias = try cursor.readShape()
            case .dtype: dtype = try cursor.readDType()
            default: try parameters.read(field, from: &cursor)
            }
        }
        guard let operation else {
            throw .missing("operation", at: opening, "the operation's name, such as \"conv2d\"")
        }
        guard let input else {
            throw .missing("input", at: opening, "the input's shape, such as [1, 3, 224, 224]")
        }
        guard let weight else {
            throw .missing("weight", at: opening, "the weight's shape, such as [64, 3, 7, 7]")
        }
        self.init(
            operation: operation, input: input, weight: weight, bias: bias, dtype: dtype,
            parameters: parameters)
    }
}
