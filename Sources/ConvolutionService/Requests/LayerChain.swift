// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Layers one behind the other, as shapes: the form of `shape` with a list of layers.
struct LayerChain: Sendable {
    /// Answers the megabyte of small layers whose description takes a gigabyte.
    static let mostLayers = 4096

    /// One layer, whose input is the output of the one before.
    struct Layer: Sendable {
        let operation: ConvolutionOperation
        let weight: [Int]
        var bias: [Int]?
        var parameters: ConvolutionParameters

        /// The layer behind an input of this shape.
        func convolution(_ input: [Int]) throws(RequestFailure) -> Convolution {
            try parameters.convolution(operation, input: input, weight: weight, bias: bias)
        }
    }

    /// The shape of the first layer's input.
    let input: [Int]
    let layers: [Layer]
    var dtype = DType.float32

    /// Each layer's convolution.
    func convolutions() throws(RequestFailure) -> [Convolution] {
        var convolutions: [Convolution] = []
        var shape = input
        for (index, layer) in layers.enumerated() {
            try checkRank(layer, index)
            do {
                let convolution = try layer.convolution(shape)
                shape = convolution.outputShape
                convolutions.append(convolution)
            } catch {
                throw error.below("/layers/\(index)")
            }
        }
        return convolutions
    }

    /// `[8, 8, 8]` is an unbatched image or a batch of lines: a chain keeps to what its first layer takes.
    private func checkRank(_ layer: Layer, _ index: Int) throws(RequestFailure) {
        let rank = layers[0].operation.spatialRank
        guard layer.operation.spatialRank != rank else { return }
        throw .field(
            pointer: "/layers/\(index)/operation",
            reason: "this layer is a \(layer.operation.name), but the first one is a "
                + "\(layers[0].operation.name); the layers of a chain have one number of spatial "
                + "dimensions: send those of another number in a chain of their own")
    }
}

extension LayerChain.Layer {
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var operation: ConvolutionOperation?
        var weight, bias: [Int]?
        var parameters = ConvolutionParameters()
        cursor.skipBlank()
        let opening = cursor.offset
        guard cursor.next == UInt8(ascii: "{") else {
            throw .value(
                at: opening,
                """
                a layer is expected, {"operation", "weight", "stride", ...}, not \
                \(cursor.describeNext())
                """)
        }
        try cursor.readObject(
            ConvolutionField.self,
            excluding: ConvolutionField.excludedFromShape.union(FieldSet(.input, .dtype, .layers))
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .operation:
                operation = try cursor.readWord("operation", ConvolutionOperation.self)
            case .weight: weight = try cursor.readShape()
            case .bias: bias = try cursor.readShape()
            default: try parameters.read(field, from: &cursor)
            }
        }
        guard let operation else {
            throw .missing("operation", at: opening, "the operation's name, such as \"conv2d\"")
        }
        guard let weight else {
            throw .missing("weight", at: opening, "the weight's shape, such as [64, 3, 7, 7]")
        }
        self.init(operation: operation, weight: weight, bias: bias, parameters: parameters)
    }
}

extension RequestFailure {
    /// The same of a value that is a part of another.
    fileprivate func below(_ pointer: String) -> RequestFailure {
        guard case .field(let part, let reason) = self else { return self }
        return .field(pointer: pointer + part, reason: reason)
    }
}
