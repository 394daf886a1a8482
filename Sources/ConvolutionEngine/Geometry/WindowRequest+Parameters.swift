// SPDX-License-Identifier: Apache-2.0

/// Kernel size, stride, dilation, padding, output size: each for itself.
extension WindowRequest {
    /// A parameter that is one number, or one for each spatial dimension.
    private struct Parameter {
        let field: String
        let amount: WindowOptions.Amount
        let minimum: Int
        let cure: String
    }

    /// One axis for each of the spatial `sizes`, whose kernels fit into the padded sizes.
    func checkedAxes(sizes: [Int]) throws(ConvolutionError) -> [Axis] {
        let kernel = try resolve(
            Parameter(
                field: "kernel_size", amount: options.kernelSize, minimum: 1,
                cure: "use 1 for blocks of one element"))
        let stride = try resolve(
            Parameter(
                field: "stride", amount: options.stride, minimum: 1,
                cure: "use 1 to visit every position"))
        let dilation = try resolve(
            Parameter(
                field: "dilation", amount: options.dilation, minimum: 1,
                cure: "use 1 for adjacent elements"))
        let padding = try checkedPadding()
        let axes = axisNames.indices.map { i in
            Axis(
                name: axisNames[i], input: sizes[i], kernel: kernel[i], stride: stride[i],
                dilation: dilation[i], before: padding[i][0], after: padding[i][1],
                outputPadding: 0)
        }
        for axis in axes { try checkFits(axis) }
        return axes
    }

    /// The spatial size that `fold` is to give.
    func checkedOutputSize() throws(ConvolutionError) -> [Int] {
        guard let outputSize else { preconditionFailure("fold has an output size") }
        return try resolve(
            Parameter(
                field: "output_size", amount: outputSize, minimum: 1,
                cure: "send the size of the image"))
    }

    /// `[before, after]` for each spatial dimension.
    private func checkedPadding() throws(ConvolutionError) -> [[Int]] {
        switch options.padding {
        case .valid: return Array(repeating: [0, 0], count: spatialRank)
        case .symmetric(let amount):
            if let values = amount.listed, values.count == 2 * spatialRank {
                throw flatListError(values)
            }
            return try resolve(padding(amount)).map { [$0, $0] }
        case .pairs(let pairs):
            guard pairs.count == spatialRank, pairs.allSatisfy({ $0.count == 2 }) else {
                throw pairsError(pairs)
            }
            for value in pairs.joined() { try checkRange(value, of: "\(pairs)", padding()) }
            return pairs
        case .pads(let pads):
            guard pads.count == 2 * spatialRank else { throw padsError(pads) }
            for value in pads { try checkRange(value, of: "\(pads)", padding(field: "pads")) }
            return (0..<spatialRank).map { [pads[$0], pads[$0 + spatialRank]] }
        }
    }

    private func padding(
        _ amount: WindowOptions.Amount = .number(0), field: String = "padding"
    ) -> Parameter {
        Parameter(field: field, amount: amount, minimum: 0, cure: "use 0 for none")
    }

    private func resolve(_ parameter: Parameter) throws(ConvolutionError) -> [Int] {
        let values = parameter.amount.values
        guard values.count == 1 || values.count == spatialRank else { throw lengthError(parameter) }
        for value in values { try checkRange(value, of: parameter.amount.spelled, parameter) }
        return values.count == 1 ? Array(repeating: values[0], count: spatialRank) : values
    }

    private func checkRange(
        _ value: Int, of spelled: @autoclosure () -> String, _ parameter: Parameter
    ) throws(ConvolutionError) {
        try GeometryRequest.anyForward.checkRange(
            value, of: spelled(),
            GeometryRequest.Parameter(
                field: parameter.field, values: [], standard: 0, minimum: parameter.minimum,
                cure: parameter.cure))
    }
}

extension GeometryRequest {
    /// A request for the checks that look at nothing of it.
    fileprivate static let anyForward = GeometryRequest(
        direction: .forward, spatialRank: 1, input: [], weight: [], bias: nil,
        options: ConvolutionOptions())
}

extension WindowRequest {
    private func lengthError(_ parameter: Parameter) -> ConvolutionError {
        let count = Spelling.count(parameter.amount.values.count, "value")
        return .invalid(
            field: parameter.field,
            reason: "\(parameter.field) has \(count), \(parameter.amount.spelled); \(operation) is "
                + "\(toldRank), and takes \(Spelling.oneOrEach(spatialRank))")
    }

    private func flatListError(_ values: [Int]) -> ConvolutionError {
        .invalid(
            field: "padding",
            reason: "padding is a flat list of \(values.count) numbers, \(values), whose order "
                + "differs between frameworks; write it as \(pairsLayout), or in ONNX's order, "
                + "[begin..., end...], as pads")
    }

    private func pairsError(_ pairs: [[Int]]) -> ConvolutionError {
        .invalid(
            field: "padding",
            reason: "padding is \(Spelling.list(pairs.map(Spelling.list))); \(operation) is "
                + "\(toldRank), and takes \(pairsLayout), one pair for each spatial dimension")
    }

    private func padsError(_ pads: [Int]) -> ConvolutionError {
        .invalid(
            field: "pads",
            reason: "pads has \(Spelling.count(pads.count, "value")), \(Spelling.list(pads)); "
                + "\(operation) is \(toldRank), and takes \(2 * spatialRank): a begin for each "
                + "spatial dimension, then an end for each")
    }

    private var pairsLayout: String {
        Spelling.list(Array(repeating: "[before, after]", count: spatialRank))
    }
}
