// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `shape`: a convolution with shapes in the place of tensors, or several.
enum ShapeRequest: Sendable {
    case layer(LayerChain.Layer, input: [Int], DType)
    case chain(LayerChain)
}

extension ShapeRequest {
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var operation: ConvolutionOperation?
        var input, weight, bias: [Int]?
        var layers: [LayerChain.Layer]?
        var dtype = DType.float32
        var parameters = ConvolutionParameters()
        let opening = cursor.offset
        try cursor.readObject(
            ConvolutionField.self, excluding: ConvolutionField.excludedFromShape
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .operation:
                operation = try cursor.readWord("operation", ConvolutionOperation.self)
            case .input: input = try cursor.readShape()
            case .weight: weight = try cursor.readShape()
            case .bias: bias = try cursor.readShape()
            case .dtype: dtype = try cursor.readDType()
            case .layers: layers = try cursor.readLayers()
            default: try parameters.read(field, from: &cursor)
            }
        }
        if operation == nil, layers == nil {
            throw .missing(
                "operation", at: opening,
                "the operation's name, such as \"conv2d\", or \"layers\", a list of them")
        }
        guard let input else {
            throw .missing("input", at: opening, "the input's shape, such as [1, 3, 224, 224]")
        }
        if let layers {
            guard operation == nil, weight == nil, bias == nil, parameters.isEmpty else {
                throw .value(
                    at: opening, below: "/layers",
                    reason: "\"layers\" is given, so each layer has its own operation, weight and "
                        + "parameters; put these into the list")
            }
            self = .chain(LayerChain(input: input, layers: layers, dtype: dtype))
            return
        }
        guard let operation, let weight else {
            throw .missing("weight", at: opening, "the weight's shape, such as [64, 3, 7, 7]")
        }
        let layer = LayerChain.Layer(
            operation: operation, weight: weight, bias: bias, parameters: parameters)
        self = .layer(layer, input: input, dtype)
    }
}

extension JSONCursor {
    /// A list of layers, at least one.
    fileprivate mutating func readLayers() throws(RequestFailure) -> [LayerChain.Layer] {
        skipBlank()
        let opening = offset
        guard next == UInt8(ascii: "[") else {
            throw .value(at: opening, "a list of layers is expected, not \(describeNext())")
        }
        var layers: [LayerChain.Layer] = []
        try readList { cursor throws(RequestFailure) in
            guard layers.count < LayerChain.mostLayers else {
                throw .value(
                    at: opening, "more than \(LayerChain.mostLayers) layers; send them in parts")
            }
            layers.append(try LayerChain.Layer(json: &cursor))
        }
        if layers.isEmpty { throw .value(at: opening, "[] has no layers; send at least one") }
        return layers
    }
}
