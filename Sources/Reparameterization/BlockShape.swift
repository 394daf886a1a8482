// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What all branches of a checked block have in common, and each one's kernel.
struct BlockShape {
    let dtype: DType
    let outputChannels: Int
    let inputChannelsPerGroup: Int
    let groups: Int
    /// Of each branch, the identity 1 in every dimension.
    let kernels: [[Int]]
    /// The largest in each dimension.
    let kernel: [Int]

    var inputChannels: Int { inputChannelsPerGroup * groups }
    var spatialRank: Int { kernel.count }
    var weightShape: [Int] { [outputChannels, inputChannelsPerGroup] + kernel }

    /// A fused weight of this many elements takes 1 GiB in `Double`; answers the request that asks
    /// for a huge kernel in a few characters (1×n and n×1, or a large `kernel_size`).
    static let largestWeightCount = 1 << 27

    /// MobileOne, the widest known, has 6; answers the request with a million branches.
    static let largestBranchCount = 64
}

extension RepVGGBlock {
    /// The shape that the one weight will have, `[C_out, C_in/groups, *kernel]`, without making it.
    public func fusedWeightShape() throws(FusionError) -> [Int] { try checkedShape().weightShape }

    /// Checks all but the numbers: each branch for itself, then how they fit together.
    func checkedShape() throws(FusionError) -> BlockShape {
        let weight = try checkedFirstWeight()
        try LayerChecks.checkGroups(groups, weight)
        _ = try checkedStride(spatialRank: weight.shape.count - 2)
        var kernels: [[Int]] = []
        for (index, branch) in branches.enumerated() {
            let path = ["branches", "\(index)"]
            kernels.append(try checkedKernel(branch, at: path, like: weight))
        }
        let kernel = try checkedLargest(kernels, like: weight)
        for index in branches.indices {
            try checkCentred(kernels[index], in: kernel, index)
        }
        return BlockShape(
            dtype: weight.dtype, outputChannels: weight.shape[0],
            inputChannelsPerGroup: weight.shape[1], groups: groups, kernels: kernels,
            kernel: kernel)
    }

    /// The weight of the first convolution, which the other branches must fit.
    private func checkedFirstWeight() throws(FusionError) -> Tensor {
        guard branches.count <= BlockShape.largestBranchCount else {
            throw FusionError(
                path: ["branches"],
                reason: "branches has \(branches.count) elements; at most "
                    + "\(BlockShape.largestBranchCount) are fused at once: fuse them in parts")
        }
        for (index, branch) in branches.enumerated() {
            guard case .conv(let weight, _) = branch.kind else { continue }
            try LayerChecks.checkWeight(weight, at: ["branches", "\(index)", "weight"])
            return weight
        }
        throw FusionError(
            path: ["branches"],
            reason:
                "branches has \(Spelling.count(branches.count, "element")), none a conv; one must be, "
                + "since its weight tells channels, dimensions and dtype: write an identity or "
                + "avg_pool as a conv with the weight it stands for")
    }

    private func checkedLargest(
        _ kernels: [[Int]], like weight: Tensor
    ) throws(FusionError) -> [Int] {
        let kernel = kernels[0].indices.map { dimension in
            kernels.map { $0[dimension] }.reduce(1, max)
        }
        var count = 1
        for size in weight.shape.prefix(2) + kernel {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            count = overflow ? .max : product
        }
        guard count <= BlockShape.largestWeightCount else {
            throw FusionError(
                path: ["branches"],
                reason:
                    "the fused weight would have shape \(weight.shape.prefix(2) + kernel), more "
                    + "than \(BlockShape.largestWeightCount) elements; use smaller kernels")
        }
        return kernel
    }

    /// One stride for each spatial dimension.
    func checkedStride(spatialRank: Int) throws(FusionError) -> [Int] {
        guard stride.count <= 1 || stride.count == spatialRank, stride.allSatisfy({ $0 >= 1 })
        else {
            throw FusionError(
                path: ["stride"],
                reason:
                    "stride is \(Spelling.list(stride)); it must be "
                    + Spelling.oneOrEach(spatialRank) + ", of at least 1")
        }
        return stride.count == spatialRank
            ? stride : Array(repeating: stride.first ?? 1, count: spatialRank)
    }
}
