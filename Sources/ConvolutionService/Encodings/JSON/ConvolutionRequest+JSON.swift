// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension ConvolutionRequest {
    /// Reads the body of a request for `operation`.
    init(json cursor: inout JSONCursor, for operation: ConvolutionOperation) throws(RequestFailure)
    {
        var input, weight, bias: WireTensor?
        var options = ConvolutionOptions()
        var format: TensorSpelling?
        let opening = cursor.offset
        try cursor.readObject(
            ConvolutionField.self, excluding: ConvolutionField.excluded(for: operation)
        ) { cursor, field throws(RequestFailure) in
            switch field {
            case .input: input = try cursor.readTensor()
            case .weight: weight = try cursor.readTensor()
            case .bias: bias = try cursor.readTensor()
            case .format: format = try cursor.readWord("format", TensorSpelling.self)
            default: try options.read(field, from: &cursor)
            }
        }
        guard let input else {
            throw .missing("input", at: opening, "the tensor to convolve, such as [[1, 2], [3, 4]]")
        }
        guard let weight else {
            throw .missing("weight", at: opening, "the kernel, such as [[1, 0], [0, -1]]")
        }
        self.init(input: input, weight: weight, bias: bias, options: options, format: format)
    }
}

extension ConvolutionOptions {
    /// Reads the value of one of the parameters.
    mutating func read(
        _ field: ConvolutionField, from cursor: inout JSONCursor
    ) throws(RequestFailure) {
        switch field {
        case .stride: stride = try cursor.readIntegers()
        case .dilation: dilation = try cursor.readIntegers()
        case .outputPadding: outputPadding = try cursor.readIntegers()
        case .padding: padding = try cursor.readPadding()
        case .groups: groups = try cursor.readInteger()
        case .input, .weight, .bias, .format, .operation, .dtype:
            preconditionFailure("\(field) is no parameter")
        }
    }
}

extension JSONCursor {
    /// An integer, a list of integers, a list of pairs or a word.
    fileprivate mutating func readPadding() throws(RequestFailure) -> ConvolutionOptions.Padding {
        skipBlank()
        switch next {
        case UInt8(ascii: "\""): return try readWord("padding word", PaddingWord.self).padding
        case UInt8(ascii: "[") where listHoldsLists: return .pairs(try readPairs())
        default: return .symmetric(try readIntegers())
        }
    }

    private var listHoldsLists: Bool {
        var ahead = self
        ahead.advance()
        return ahead.take("[")
    }

    private mutating func readPairs() throws(RequestFailure) -> [[Int]] {
        let opening = offset
        var pairs: [[Int]] = []
        try readList { cursor throws(RequestFailure) in
            guard pairs.count < 16 else {
                throw .value(
                    at: opening, "more than 16 pairs; one per spatial dimension is expected")
            }
            cursor.skipBlank()
            let start = cursor.offset
            let pair = try cursor.readIntegerList()
            guard pair.count == 2 else {
                throw .value(
                    at: start,
                    "a pair [before, after] is expected, not \(counted(pair.count, "value"))")
            }
            pairs.append(pair)
        }
        return pairs
    }
}
