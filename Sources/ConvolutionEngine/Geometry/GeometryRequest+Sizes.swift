// SPDX-License-Identifier: Apache-2.0

/// The shapes of input and weight, each for itself.
extension GeometryRequest {
    /// Which dimensions input and weight have, told by how many they are.
    func checkedForm() throws(ConvolutionError) -> ConvolutionGeometry.Form {
        guard (1...3).contains(spatialRank) else {
            throw .unsupported(
                field: "input",
                reason: "\(Spelling.count(spatialRank, "spatial dimension")): "
                    + "a convolution here has 1, 2 or 3")
        }
        switch (weight.count - spatialRank, input.count - spatialRank) {
        case (0, 0): return .plain
        case (2, 1): return .unbatched
        case (2, 2): return .batched
        case (0, _): throw plainWeightError()
        case (2, _): throw inputRankError()
        default: throw weightRankError()
        }
    }

    private func weightRankError() -> ConvolutionError {
        .invalid(
            field: "weight",
            reason:
                "weight shape \(Spelling.list(weight)) has \(Spelling.count(weight.count, "dimension")); "
                + "\(operation) takes \(weightLayout), "
                + "or \(kernelLayout) with a plain \(plainLayout) input")
    }

    private func plainWeightError() -> ConvolutionError {
        .invalid(
            field: "input",
            reason:
                "input shape \(Spelling.list(input)) has \(Spelling.count(input.count, "dimension")); with a plain "
                + "\(kernelLayout) weight (\(weight)) the input is plain too, \(plainLayout); "
                + "for channels send a weight of \(weightLayout)")
    }

    private func inputRankError() -> ConvolutionError {
        .invalid(
            field: "input",
            reason:
                "input shape \(Spelling.list(input)) has \(Spelling.count(input.count, "dimension")); "
                + "\(operation) takes \(inputLayout), or \(unbatchedLayout) without a batch; "
                + "a plain \(plainLayout) input goes with a plain \(kernelLayout) weight")
    }

    /// Every size legal for itself, and both tensors small enough to exist.
    func checkSizes(_ form: ConvolutionGeometry.Form) throws(ConvolutionError) {
        try checkNoNegative("input", input)
        try checkNoNegative("weight", weight)
        try checkInputNotEmpty()
        try checkWeightNotEmpty(form)
        try checkCount("input", input)
        try checkCount("weight", weight)
        try checkTaps()
    }

    /// Plans hold a place for every tap.
    private func checkTaps() throws(ConvolutionError) {
        let taps = kernelSizes.reduce(1, *)
        guard taps <= SizeLimit.mostTaps else {
            throw .invalid(
                field: "weight",
                reason: "weight shape \(weight) has a kernel of \(taps) taps; at most "
                    + "\(SizeLimit.mostTaps) are computed: split the kernel and add the outputs")
        }
    }

    private func checkNoNegative(_ field: String, _ shape: [Int]) throws(ConvolutionError) {
        guard shape.allSatisfy({ $0 >= 0 }) else {
            throw .invalid(
                field: field,
                reason: "\(field) shape \(shape) has a negative size; a size counts elements and "
                    + "is at least 0")
        }
    }

    private func checkInputNotEmpty() throws(ConvolutionError) {
        for (name, size) in zip(axisNames, inputSizes) where size == 0 {
            throw .invalid(
                field: "input",
                reason:
                    "input shape \(input) has \(name) 0; only the batch and the channels may be "
                    + "0, send at least 1 element in each spatial dimension")
        }
    }

    private func checkWeightNotEmpty(_ form: ConvolutionGeometry.Form) throws(ConvolutionError) {
        for (name, size) in zip(axisNames, kernelSizes) where size == 0 {
            throw .invalid(
                field: "weight",
                reason: "weight shape \(weight) has kernel \(name) 0; a kernel has at least 1 tap "
                    + "in each spatial dimension: send those")
        }
        let outputDimension = direction == .forward ? 0 : 1
        guard form == .plain || weight[outputDimension] > 0 else {
            throw .invalid(
                field: "weight",
                reason: "weight shape \(weight) has 0 output channels in \(weightLayout); "
                    + "send at least 1")
        }
    }

    private func checkCount(_ field: String, _ shape: [Int]) throws(ConvolutionError) {
        guard SizeLimit.product(shape) != nil else {
            throw .invalid(
                field: field,
                reason: "\(field) shape \(shape) multiplies to more than \(SizeLimit.spelled) "
                    + "elements\(Self.zeroNote(shape)), the most a tensor may have; send it in parts"
            )
        }
    }
}
