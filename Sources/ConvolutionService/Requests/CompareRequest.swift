// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a caller sent to `compare`: a convolution, and the algorithms to run it by.
struct CompareRequest: Sendable {
    let convolution: ConvolutionRequest
    /// Empty for all that can do it.
    let algorithms: [Algorithm]
}

extension CompareRequest {
    /// The fields of an operation, and two more.
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var operation: ConvolutionOperation?
        var tensors = ConvolutionTensors()
        var parameters = ConvolutionParameters()
        var algorithms: [Algorithm] = []
        let opening = cursor.offset
        try cursor.readObject(
            ConvolutionField.self, excluding: ConvolutionField.excludedFromComparison
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .operation:
                operation = try cursor.readWord("operation", ConvolutionOperation.self)
            case .input, .weight, .bias, .add: try tensors.read(field, from: &cursor)
            case .algorithms: algorithms = try cursor.readAlgorithms()
            default: try parameters.read(field, from: &cursor)
            }
        }
        guard let operation else {
            throw .missing("operation", at: opening, "the operation's name, such as \"conv2d\"")
        }
        let (input, weight) = try tensors.required(at: opening)
        self.init(
            convolution: ConvolutionRequest(
                operation: operation, input: input, weight: weight, bias: tensors.bias,
                add: tensors.add, parameters: parameters),
            algorithms: algorithms)
    }
}

extension JSONCursor {
    /// A list of algorithms' names, each once.
    fileprivate mutating func readAlgorithms() throws(RequestFailure) -> [Algorithm] {
        var algorithms: [Algorithm] = []
        skipBlank()
        guard next == UInt8(ascii: "[") else {
            throw .value(
                at: offset, "a list of algorithms is expected, not \(describeNext())")
        }
        try readList { cursor throws(RequestFailure) in
            cursor.skipBlank()
            let start = cursor.offset
            let word = try cursor.readWord("algorithm", AlgorithmWord.self)
            guard let algorithm = word.algorithm else {
                throw .value(
                    at: start,
                    "\"auto\" is no algorithm of its own; the reply tells which one it picks")
            }
            if !algorithms.contains(algorithm) { algorithms.append(algorithm) }
        }
        return algorithms
    }
}
