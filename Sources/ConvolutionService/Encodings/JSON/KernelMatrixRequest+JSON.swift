// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension KernelMatrixRequest {
    /// Reads the body of a request.
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var kernel, weight: WireTensor?
        var inputSize: [Int]?
        var options = ConvolutionOptions()
        var transposed = false
        var format: TensorSpelling?
        let opening = cursor.offset
        try cursor.readObject(KernelMatrixField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .kernel: kernel = try cursor.readTensor()
            case .weight: weight = try cursor.readTensor()
            case .inputSize: inputSize = try cursor.readIntegers()
            case .stride: options.stride = try cursor.readIntegers()
            case .padding: options.padding = try cursor.readPadding()
            case .dilation: options.dilation = try cursor.readIntegers()
            case .groups: options.groups = try cursor.readInteger()
            case .transposed: transposed = try cursor.readBool()
            case .outputPadding: options.outputPadding = try cursor.readIntegers()
            case .format: format = try cursor.readWord("format", TensorSpelling.self)
            }
        }
        guard let sent = kernel ?? weight else {
            throw .missing(
                "kernel", at: opening, "the kernel, such as [[1, 0], [0, -1]], or a full \"weight\""
            )
        }
        if kernel != nil, let weight {
            throw .value(
                at: weight.offset, "\"kernel\" and \"weight\" are both given; leave one of them out"
            )
        }
        guard let inputSize else {
            throw .missing(
                "input_size", at: opening, "the spatial size of the input, such as 4 or [4, 5]")
        }
        self.init(
            weight: sent, isPlain: kernel != nil, inputSize: inputSize, options: options,
            transposed: transposed, format: format)
    }
}
