// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension ConvolutionParameters {
    /// Reads the value of one of the parameters.
    mutating func read(
        _ field: ConvolutionField, from cursor: inout JSONCursor
    ) throws(RequestFailure) {
        _ = sent.insert(field)
        switch field {
        case .stride, .strides: stride = try cursor.readIntegers()
        case .dilation, .dilations: dilation = try cursor.readIntegers()
        case .groups, .group: groups = try cursor.readInteger()
        case .outputPadding: outputPadding = try cursor.readIntegers()
        case .outputSize, .outputShape: outputSize = try cursor.readIntegers()
        case .kernelShape: kernelShape = try cursor.readIntegerList()
        case .padding: padding = try cursor.readPadding()
        case .pads: padding = .pads(try cursor.readIntegerList())
        case .autoPad: autoPad = try cursor.readWord("auto_pad word", AutoPadWord.self)
        case .paddingMode:
            paddingMode = try cursor.readWord("padding mode", PaddingModeWord.self)
        case .paddingValue: paddingValue = try cursor.readNumber()
        case .flipKernel: flipsKernel = try cursor.readBool()
        case .activation:
            activation = try cursor.readWord("activation", ActivationWord.self).activation
        case .algorithm:
            algorithm = try cursor.readWord("algorithm", AlgorithmWord.self).algorithm
        case .precision:
            precision = try cursor.readWord("precision", PrecisionWord.self).precision
        case .input, .weight, .bias, .add, .format, .explain, .operation, .dtype, .algorithms,
            .layers, .gradOutput, .needs:
            preconditionFailure("\(field) is no parameter")
        }
    }
}

extension JSONCursor {
    /// An integer, a list of integers, a list of pairs or a word.
    mutating func readPadding() throws(RequestFailure) -> ConvolutionOptions.Padding {
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
