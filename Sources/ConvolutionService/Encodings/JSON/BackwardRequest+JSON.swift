// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension BackwardRequest {
    /// Reads the body of a request for `<operation>/backward`.
    init(json cursor: inout JSONCursor, for operation: ConvolutionOperation) throws(RequestFailure)
    {
        var tensors = ConvolutionTensors()
        var parameters = ConvolutionParameters()
        var format: TensorSpelling?
        var gradOutput: WireTensor?
        var needs: Gradients.Needs?
        let opening = cursor.offset
        try cursor.readObject(
            ConvolutionField.self, excluding: ConvolutionField.excludedBackward(for: operation)
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .input, .weight, .bias, .add: try tensors.read(field, from: &cursor)
            case .gradOutput: gradOutput = try cursor.readTensor()
            case .needs: needs = try cursor.readNeeds()
            case .format: format = try cursor.readWord("format", TensorSpelling.self)
            default: try parameters.read(field, from: &cursor)
            }
        }
        let (input, weight) = try tensors.required(at: opening)
        guard let gradOutput else {
            throw .missing(
                "grad_output", at: opening, "the gradient of the output, of the output's shape")
        }
        self.init(
            forward: ConvolutionRequest(
                operation: operation, input: input, weight: weight, bias: tensors.bias,
                add: tensors.add, parameters: parameters, format: format),
            gradOutput: gradOutput, needs: needs ?? [.input, .weight, .bias])
    }
}

extension JSONCursor {
    /// A list of tensors' names, each once.
    fileprivate mutating func readNeeds() throws(RequestFailure) -> Gradients.Needs {
        skipBlank()
        let opening = offset
        guard next == UInt8(ascii: "[") else {
            throw .value(
                at: opening,
                "a list such as [\"input\", \"weight\"] is expected, not \(describeNext())")
        }
        var needs: Gradients.Needs = []
        try readList { cursor throws(RequestFailure) in
            needs.insert(try cursor.readWord("gradient", NeedWord.self).need)
        }
        if needs.isEmpty {
            throw .value(
                at: opening,
                "[] asks for no gradient; name some of \"input\", \"weight\", \"bias\", \"add\"")
        }
        return needs
    }
}
