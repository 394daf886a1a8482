// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a branch is held against: the first convolution of its block.
struct BranchForm {
    /// Of its weight.
    let shape: [Int]
    let dtype: DType
}

/// Whether a branch fits the first convolution of its block.
extension RepVGGBlock {
    /// The branch's kernel, if all else about it is right.
    func checkedKernel(
        _ branch: Branch, at path: [String], like first: BranchForm
    ) throws(FusionError) -> [Int] {
        switch branch.kind {
        case .conv(let weight, let bias, let dilation):
            try checkConv(weight, bias, at: path, like: first)
            let steps = try LayerChecks.checkedSteps(
                dilation, "dilation", at: path + ["dilation"], spatialRank: first.shape.count - 2)
            return try LayerChecks.extent(of: weight, dilation: steps, at: path + ["dilation"])
        case .identity:
            try checkKeepsChannels("identity", at: path, like: first)
            try checkKeepsPlaces(at: path)
            return Array(repeating: 1, count: first.shape.count - 2)
        case .averagePool(let kernelSize):
            try checkKeepsChannels("avg_pool", at: path, like: first)
            return try checkedPool(kernelSize, at: path, spatialRank: first.shape.count - 2)
        }
    }

    private func checkConv(
        _ weight: Tensor, _ bias: Tensor?, at path: [String], like first: BranchForm
    ) throws(FusionError) {
        try LayerChecks.checkWeight(weight, at: path + ["weight"])
        try LayerChecks.checkDType(weight, "weight", as: first.dtype, at: path + ["weight"])
        guard weight.shape.count == first.shape.count,
            weight.shape.prefix(2) == first.shape.prefix(2)
        else {
            throw FusionError(
                path: path + ["weight"],
                reason: "weight shape is \(weight.shape), and that of the first conv branch is "
                    + "\(first.shape); branches are added, so all must have its first two "
                    + "dimensions, \(first.shape.prefix(2)), and as many kernel dimensions")
        }
        try LayerChecks.checkBias(
            bias, of: weight, outputChannels: weight.shape[0], at: path + ["bias"])
    }

    private func checkKeepsChannels(
        _ kind: String, at path: [String], like first: BranchForm
    ) throws(FusionError) {
        let (output, input) = (first.shape[0], first.shape[1] * groups)
        guard input == output else {
            throw FusionError(
                path: path + ["kind"],
                reason: "kind is \(kind), which gives as many channels as it gets, and the first "
                    + "conv branch makes \(output) of \(input) (weight shape \(first.shape), "
                    + "groups \(groups)); leave this branch out")
        }
    }

    private func checkKeepsPlaces(at path: [String]) throws(FusionError) {
        guard stride.allSatisfy({ $0 == 1 }) else {
            throw FusionError(
                path: path + ["kind"],
                reason: "kind is identity, which keeps every position, and stride is "
                    + "\(Spelling.parameter(stride)); "
                    + "it must be 1: leave this branch out, or use stride 1")
        }
    }

    private func checkedPool(
        _ sizes: [Int], at path: [String], spatialRank: Int
    ) throws(FusionError) -> [Int] {
        let isList = sizes.count == spatialRank
        guard isList || sizes.count == 1, sizes.allSatisfy({ $0 >= 1 }) else {
            throw FusionError(
                path: path + ["kernel_size"],
                reason:
                    "kernel_size is \(Spelling.list(sizes)); it must be "
                    + Spelling.oneOrEach(spatialRank) + ", of at least 1")
        }
        return isList ? sizes : Array(repeating: sizes[0], count: spatialRank)
    }

    func checkCentred(_ kernel: [Int], in largest: [Int], _ index: Int) throws(FusionError) {
        guard LayerChecks.hasCentredPlace(kernel, in: largest) else {
            let field =
                switch branches[index].kind {
                case .conv: "weight"
                case .identity: "kind"
                case .averagePool: "kernel_size"
                }
            throw FusionError(
                path: ["branches", "\(index)", field],
                reason:
                    "a kernel of \(kernel) has no centred place in the largest, \(largest); the "
                    + "sizes must differ by an even number: add a row of zeros on the side you mean"
            )
        }
    }
}
