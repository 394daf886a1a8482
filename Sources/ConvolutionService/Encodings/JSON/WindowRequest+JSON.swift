// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension WindowRequest {
    /// Reads the body of a request for `operation`.
    init(json cursor: inout JSONCursor, for operation: WindowOperation) throws(RequestFailure) {
        var input: WireTensor?
        var fields = WindowFields()
        let opening = cursor.offset
        try cursor.readObject(
            WindowField.self, excluding: WindowField.excluded(for: operation)
        ) { cursor, field throws(RequestFailure) in
            if field == .input {
                input = try cursor.readTensor()
            } else {
                try fields.read(field, from: &cursor)
            }
        }
        guard let input else {
            throw .missing(
                "input", at: opening,
                operation == .unfold
                    ? "the images to unfold, [N, C, *spatial] or [C, *spatial]"
                    : "the columns to fold, [N, C·prod(kernel_size), L]")
        }
        if operation == .fold, fields.outputSize == nil {
            throw .missing(
                "output_size", at: opening, "the spatial size of the image, such as [32, 32]")
        }
        self.init(
            input: input, outputSize: fields.outputSize, options: try fields.options(at: opening),
            format: fields.format)
    }
}

/// The parameters as they come.
private struct WindowFields {
    var outputSize: WindowOptions.Amount?
    var format: TensorSpelling?
    private var kernelSize, dilation, stride: WindowOptions.Amount?
    private var padding, pads: WindowOptions.Padding?

    mutating func read(
        _ field: WindowField, from cursor: inout JSONCursor
    ) throws(RequestFailure) {
        switch field {
        case .outputSize: outputSize = try cursor.readAmount()
        case .kernelSize: kernelSize = try cursor.readAmount()
        case .dilation: dilation = try cursor.readAmount()
        case .stride: stride = try cursor.readAmount()
        case .padding: padding = try cursor.readWindowPadding()
        case .pads: pads = .pads(try cursor.readIntegerList())
        case .format: format = try cursor.readWord("format", TensorSpelling.self)
        case .input: preconditionFailure("the input is no parameter")
        }
    }

    /// `opening`: where the object begins that should have a kernel size.
    func options(at opening: Int) throws(RequestFailure) -> WindowOptions {
        guard let kernelSize else {
            throw .missing(
                "kernel_size", at: opening, "the size of a block, such as 3 or [3, 3]")
        }
        guard padding == nil || pads == nil else {
            throw .field(
                pointer: "/pads",
                reason: """
                    "padding" and "pads" are both given and mean the same; leave one of them out
                    """)
        }
        var options = WindowOptions(kernelSize: kernelSize)
        if let dilation { options.dilation = dilation }
        if let stride { options.stride = stride }
        options.padding = padding ?? pads ?? .valid
        return options
    }
}

extension JSONCursor {
    /// An integer or a list of integers, and which of the two it was.
    fileprivate mutating func readAmount() throws(RequestFailure) -> WindowOptions.Amount {
        skipBlank()
        let isList = next == UInt8(ascii: "[")
        let values = try readIntegers()
        return isList ? .list(values) : .number(values[0])
    }

    /// An integer, a list of integers, a list of pairs or a word.
    fileprivate mutating func readWindowPadding() throws(RequestFailure) -> WindowOptions.Padding {
        skipBlank()
        if next == UInt8(ascii: "\"") {
            _ = try readWord("padding word", WindowPaddingWord.self)
            return .valid
        }
        var ahead = self
        if case .pairs(let pairs) = try readPadding() { return .pairs(pairs) }
        return .symmetric(try ahead.readAmount())
    }
}
