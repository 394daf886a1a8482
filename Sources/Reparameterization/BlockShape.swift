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
    /// Elements that a fused weight may have.
    package static let largestWeight = BlockShape.largestWeightCount

    package func fusedForm() throws(FusionError) -> FusedForm {
        .init(weightShape: try checkedShape().weightShape)
    }

    /// Checks all but the numbers: each branch for itself, then how they fit together.
    func checkedShape() throws(FusionError) -> BlockShape {
        let weight = try checkedFirstWeight()
        try LayerChecks.checkGroups(groups, weight)
        _ = try LayerChecks.checkedSteps(
            stride, "stride", at: ["stride"], spatialRank: weight.shape.count - 2)
        var kernels: [[Int]] = []
        for (index, branch) in branches.enumerated() {
            let path = ["branches", "\(index)"]
            kernels.append(
                try checkedKernel(
                    branch, at: path, like: BranchForm(shape: weight.shape, dtype: weight.dtype)))
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
    func checkedFirstWeight() throws(FusionError) -> Tensor {
        guard branches.count <= BlockShape.largestBranchCount else {
            throw FusionError(
                path: ["branches"],
                reason: "branches has \(branches.count) elements; at most "
                    + "\(BlockShape.largestBranchCount) are fused at once: fuse them in parts")
        }
        for (index, branch) in branches.enumerated() {
            guard case .conv(let weight, _, _) = branch.kind else { continue }
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

    func checkedLargest(
        _ kernels: [[Int]], like weight: Tensor
    ) throws(FusionError) -> [Int] {
        let kernel = kernels[0].indices.map { dimension in
            kernels.map { $0[dimension] }.reduce(1, max)
        }
        try LayerChecks.checkCount(of: weight.shape.prefix(2) + kernel, at: ["branches"])
        return kernel
    }

}
