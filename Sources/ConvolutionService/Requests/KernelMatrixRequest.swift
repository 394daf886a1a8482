// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The fields of `kernel_matrix`.
enum KernelMatrixField: Int, RequestField {
    case kernel, weight, inputSize, stride, padding, dilation, groups, transposed, outputPadding
    case format

    var name: StaticString {
        switch self {
        case .kernel: "kernel"
        case .weight: "weight"
        case .inputSize: "input_size"
        case .stride: "stride"
        case .padding: "padding"
        case .dilation: "dilation"
        case .groups: "groups"
        case .transposed: "transposed"
        case .outputPadding: "output_padding"
        case .format: "format"
        }
    }
}

/// What a caller sent to `kernel_matrix`; only the types of its values are checked.
struct KernelMatrixRequest: Sendable {
    /// `[*kernel]`, or a full weight.
    let weight: WireTensor
    /// Whether ``weight`` came as `kernel`, of one channel.
    let isPlain: Bool
    let inputSize: [Int]
    let options: ConvolutionOptions
    let transposed: Bool
    let format: TensorSpelling?

    /// How the matrix is written in JSON.
    var spelling: ReplySpelling { ReplySpelling(asked: format, weight) }

    /// The sizes of one image, if they fit together.
    func geometry() throws(RequestFailure) -> ConvolutionGeometry {
        let shape = weight.tensor.shape
        let rank = try checkedRank()
        let size = try checkedInputSize(rank)
        try checkOutputPadding()
        if !isPlain { try checkGroups() }
        let channels = isPlain ? [] : [inputChannels]
        do {
            return try ConvolutionGeometry(
                transposed ? .transposed : .forward, spatialRank: rank, input: channels + size,
                weight: shape, bias: nil, options: options)
        } catch {
            throw failure(error)
        }
    }

    /// Of a full weight whose groups are checked.
    private var inputChannels: Int {
        let shape = weight.tensor.shape
        return transposed ? shape[0] : shape[1] * (shape[0] == 0 ? 1 : options.groups)
    }

    private func checkedRank() throws(RequestFailure) -> Int {
        let shape = weight.tensor.shape
        let rank = isPlain ? shape.count : shape.count - 2
        if (1...3).contains(rank) { return rank }
        let layout =
            transposed ? "[C_in, C_out/groups, *kernel]" : "[C_out, C_in/groups, *kernel]"
        throw .field(
            pointer: isPlain ? "/kernel" : "/weight",
            reason: isPlain
                ? "kernel shape \(Spelling.list(shape)) has \(counted(shape.count, "dimension")); it "
                    + "has 1, 2 or 3, one for each spatial dimension: for channels send \(layout) as "
                    + "weight"
                : "weight shape \(Spelling.list(shape)) has \(counted(shape.count, "dimension")); "
                    + "send \(layout) with 1, 2 or 3 spatial dimensions, or \"kernel\" for one channel"
        )
    }

    private func checkedInputSize(_ rank: Int) throws(RequestFailure) -> [Int] {
        let spelled = Spelling.parameter(inputSize)
        guard inputSize.count == 1 || inputSize.count == rank else {
            throw .field(
                pointer: "/input_size",
                reason:
                    "input_size is \(spelled), \(counted(inputSize.count, "value")), but the kernel "
                    + "has \(counted(rank, "spatial dimension")); send " + Spelling.oneOrEach(rank))
        }
        guard inputSize.allSatisfy({ $0 >= 1 }) else {
            throw .field(
                pointer: "/input_size",
                reason: "input_size is \(spelled); it must be at least 1: "
                    + "send the spatial size of the input")
        }
        return inputSize.count == 1 ? Array(repeating: inputSize[0], count: rank) : inputSize
    }

    private func checkOutputPadding() throws(RequestFailure) {
        guard !transposed, options.outputPadding.contains(where: { $0 != 0 }) else { return }
        throw .field(
            pointer: "/output_padding",
            reason: "output_padding is \(Spelling.parameter(options.outputPadding)), which only "
                + "transposed convolutions have; leave it out, or set \"transposed\" to true")
    }

    /// Groups split the first dimension of either layout.
    private func checkGroups() throws(RequestFailure) {
        let (first, groups) = (weight.tensor.shape[0], options.groups)
        guard groups < 1 || first % groups != 0 else { return }
        let name = transposed ? "in_channels" : "out_channels"
        throw .field(
            pointer: "/groups",
            reason:
                "groups is \(groups); it must be at least 1 and divide \(name) \(first) (weight "
                + "shape \(weight.tensor.shape)): use \(first <= 1 ? "1" : "1 or a divisor of \(first)")"
        )
    }

    /// The engine's refusal, at the name that the caller used.
    func failure(_ error: ConvolutionError) -> RequestFailure {
        switch error.field {
        case "input": .field(pointer: "/input_size", reason: error.reason)
        case "weight" where isPlain: .field(pointer: "/kernel", reason: error.reason)
        default: .field(pointer: "/" + error.field, reason: error.reason)
        }
    }
}
