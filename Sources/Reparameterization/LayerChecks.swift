// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Whether the tensors of one layer fit together.
enum LayerChecks {
    static func checkWeight(
        _ weight: Tensor, at path: [String], transposed: Bool = false, orLinear: Bool = false
    ) throws(FusionError) {
        let shape = weight.shape
        guard ((orLinear ? 2 : 3)...5).contains(shape.count), !shape.contains(0) else {
            let layout =
                transposed
                ? "[C_in, C_out/groups, *kernel]"
                : "[C_out, C_in/groups, *kernel]" + (orLinear ? " or, linear, [C_out, C_in]," : "")
            throw FusionError(
                path: path,
                reason:
                    "weight shape is \(Spelling.list(shape)); it must be \(layout) with 1 to 3 kernel "
                    + "dimensions and no size 0")
        }
    }

    static func checkGroups(
        _ groups: Int, _ weight: Tensor, transposed: Bool = false, at path: [String] = ["groups"]
    ) throws(FusionError) {
        let channels = weight.shape[0]
        guard groups >= 1, channels % groups == 0 else {
            let name = transposed ? "in_channels" : "out_channels"
            throw FusionError(
                path: path,
                reason: "groups is \(groups); it must be at least 1 and divide \(name) \(channels) "
                    + "(weight shape \(weight.shape)): use a divisor of \(channels)")
        }
    }

    static func checkBias(
        _ bias: Tensor?, of weight: Tensor, outputChannels: Int, at path: [String]
    ) throws(FusionError) {
        guard let bias else { return }
        guard bias.shape == [outputChannels] else {
            throw FusionError(
                path: path,
                reason:
                    "bias shape is \(Spelling.list(bias.shape)); it must be [\(outputChannels)], one element "
                    + "for each output channel of weight shape \(weight.shape): send that, or no bias"
            )
        }
        try checkDType(bias, "bias", as: weight.dtype, at: path)
    }

    static func checkDType(
        _ tensor: Tensor, _ name: String, as dtype: DType, at path: [String]
    ) throws(FusionError) {
        guard tensor.dtype == dtype else {
            throw FusionError(
                path: path,
                reason: "\(name) is \(tensor.dtype.rawValue) beside \(dtype.rawValue) weights; "
                    + "all tensors of a request must have one dtype: send it as \(dtype.rawValue)")
        }
    }

    /// One step (a stride, a dilation) for each spatial dimension; none is 1.
    static func checkedSteps(
        _ steps: [Int], _ name: String, at path: [String], spatialRank: Int
    ) throws(FusionError) -> [Int] {
        try oneForEach(steps, name, from: 1, at: path, spatialRank: spatialRank)
    }

    /// Zeros on both sides of each spatial dimension; none is 0.
    static func checkedPadding(
        _ padding: [Int], at path: [String], spatialRank: Int
    ) throws(FusionError) -> [Int] {
        try oneForEach(
            padding, "padding", from: 0, through: BlockShape.largestWeightCount - 1, at: path,
            spatialRank: spatialRank)
    }

    private static func oneForEach(
        _ values: [Int], _ name: String, from least: Int, through most: Int = .max,
        at path: [String],
        spatialRank: Int
    ) throws(FusionError) -> [Int] {
        guard values.count <= 1 || values.count == spatialRank,
            values.allSatisfy({ $0 >= least && $0 <= most })
        else {
            throw FusionError(
                path: path,
                reason: "\(name) is \(Spelling.list(values)); it must be "
                    + Spelling.oneOrEach(spatialRank) + ", of at least \(least)")
        }
        return values.count == spatialRank
            ? values : Array(repeating: values.first ?? least, count: spatialRank)
    }

    /// What a kernel sees of the input in each dimension: d·(k − 1) + 1.
    static func extent(
        of weight: Tensor, dilation: [Int], at path: [String]
    ) throws(FusionError) -> [Int] {
        var extent: [Int] = []
        for (size, step) in zip(weight.shape.dropFirst(2), dilation) {
            let (span, overflow) = step.multipliedReportingOverflow(by: size - 1)
            guard !overflow, span < BlockShape.largestWeightCount else {
                throw FusionError(
                    path: path,
                    reason: "dilation is \(Spelling.list(dilation)), with which a kernel of "
                        + "\(Array(weight.shape.dropFirst(2))) has more than "
                        + "\(BlockShape.largestWeightCount) elements without gaps; use a smaller one"
                )
            }
            extent.append(span + 1)
        }
        return extent
    }

    /// Whether a weight that is to be made is not too large.
    static func checkCount(
        of shape: some Sequence<Int>, _ name: String = "the fused weight", at path: [String]
    ) throws(FusionError) {
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            count = overflow ? .max : product
        }
        guard count <= BlockShape.largestWeightCount else {
            throw FusionError(
                path: path,
                reason: "\(name) would have shape \(Array(shape)), more "
                    + "than \(BlockShape.largestWeightCount) elements; use smaller kernels"
            )
        }
    }

    static func hasCentredPlace(_ kernel: [Int], in larger: [Int]) -> Bool {
        zip(kernel, larger).allSatisfy { $1 >= $0 && ($1 - $0) % 2 == 0 }
    }

    /// Refuses a larger kernel that has no middle place for one.
    static func checkCentred(
        _ kernel: [Int], in larger: [Int], at path: [String]
    ) throws(FusionError) {
        guard hasCentredPlace(kernel, in: larger) else {
            throw FusionError(
                path: path,
                reason: "\(path.last!) is \(Spelling.list(larger)), in which a kernel of "
                    + "\(Spelling.list(kernel)) has no centred place; it must be larger by an even number"
            )
        }
    }
}
