// SPDX-License-Identifier: Apache-2.0

/// Stride, dilation, groups, paddings: each for itself.
extension GeometryRequest {
    /// One legal value for each spatial dimension.
    struct Parameters {
        let stride: [Int]
        let dilation: [Int]
        let outputPadding: [Int]
        let padding: CheckedPadding
    }

    /// A parameter that is one number, or one for each spatial dimension.
    struct Parameter {
        let field: String
        let values: [Int]
        let standard: Int
        let minimum: Int
        let cure: String
    }

    func checkedParameters() throws(ConvolutionError) -> Parameters {
        try checkGroups()
        return Parameters(
            stride: try resolve(
                Parameter(
                    field: "stride", values: options.stride, standard: 1, minimum: 1,
                    cure: "use 1 to visit every position")),
            dilation: try resolve(
                Parameter(
                    field: "dilation", values: options.dilation, standard: 1, minimum: 1,
                    cure: "use 1 for adjacent taps")),
            outputPadding: try checkedOutputPadding(),
            padding: try checkedPadding())
    }

    private func checkGroups() throws(ConvolutionError) {
        guard options.groups >= 1 else {
            throw .invalid(
                field: "groups",
                reason: "groups is \(options.groups); it must be at least 1: "
                    + "use 1 to connect every input channel with every output channel")
        }
    }

    private func checkedOutputPadding() throws(ConvolutionError) -> [Int] {
        let values = try resolve(
            Parameter(
                field: "output_padding", values: options.outputPadding, standard: 0, minimum: 0,
                cure: "use padding to make the output smaller"))
        guard direction == .transposed || values.allSatisfy({ $0 == 0 }) else {
            throw .invalid(
                field: "output_padding",
                reason:
                    "output_padding is \(Spelling.parameter(options.outputPadding)), which only "
                    + "transposed convolutions have; "
                    + "leave it out, or use conv_transpose\(spatialRank)d")
        }
        return values
    }

    /// One value for each spatial dimension, all within the parameter's minimum and the size limit.
    func resolve(_ parameter: Parameter) throws(ConvolutionError) -> [Int] {
        let values = parameter.values
        guard values.count <= 1 || values.count == spatialRank else {
            throw lengthError(parameter)
        }
        for value in values {
            try checkRange(value, of: Spelling.parameter(values), parameter)
        }
        guard values.count <= 1 else { return values }
        return Array(repeating: values.first ?? parameter.standard, count: spatialRank)
    }

    private func lengthError(_ parameter: Parameter) -> ConvolutionError {
        .invalid(
            field: parameter.field,
            reason: "\(parameter.field) has \(parameter.values.count) values, "
                + "\(Spelling.list(parameter.values)); \(operation) takes "
                + Spelling.oneOrEach(spatialRank))
    }

    /// One value against the parameter's minimum and the size limit.
    func checkRange(
        _ value: Int, of spelled: @autoclosure () -> String, _ parameter: Parameter
    ) throws(ConvolutionError) {
        guard value >= parameter.minimum else {
            throw .invalid(
                field: parameter.field,
                reason: "\(parameter.field) is \(spelled()); it must be at least "
                    + "\(parameter.minimum): \(parameter.cure)")
        }
        guard value <= SizeLimit.largest else {
            throw .invalid(
                field: parameter.field,
                reason: "\(parameter.field) is \(spelled()); it must be at most "
                    + "\(SizeLimit.spelled), the largest size of anything here: use a smaller one")
        }
    }
}
