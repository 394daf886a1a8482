// SPDX-License-Identifier: Apache-2.0

/// UniRepLKNet's blocks: a large kernel and smaller dilated ones, whose dilation only their names tell.
///
/// Source: AILab-CVC/UniRepLKNet, `unireplknet.py` (`DilatedReparamBlock`).
extension BlockSearch {
    mutating func findDilated() throws(CheckpointError) {
        for module in modules where ModuleName.split(module).last == "lk_origin" {
            let parent = ModuleName.split(module).parent
            let bn = ModuleName.joined(parent, "origin_bn")
            guard !isClaimed(module), index.modules[bn] != nil else { continue }
            let start = ModuleName.joined(parent, "dil_conv_")
            let dilated = index.modules(startingWith: start)
            let own =
                [module, bn] + dilated
                + dilated.map { ModuleName.joined(parent, "dil_bn_" + $0.dropFirst(start.count)) }
            try attempt(parent, modules: own) { search in
                var branches: [BranchPlan] = [
                    .convolution(
                        try search.convolution(module, of: parent),
                        try search.batchNorm(bn, of: parent))
                ]
                for branch in dilated {
                    branches.append(
                        try search.dilated(branch, String(branch.dropFirst(start.count)), parent))
                }
                let first = branches[0].main!
                for branch in branches { try search.check(branch, beside: first) }
                return BlockPlan(
                    name: parent, family: .replknet, branches: branches, target: module)
            }
        }
    }

    /// `dil_conv_k5_2`: a kernel of 5 whose taps are 2 apart.
    private func dilated(_ module: String, _ sizes: String, _ block: String) throws -> BranchPlan {
        let numbers = sizes.dropFirst().split(separator: "_").map { ModuleName.index(String($0)) }
        let convolution = try convolution(module, of: block)
        guard sizes.first == "k", numbers.count == 2, let size = numbers[0], let step = numbers[1],
            step >= 1, convolution.kernel.allSatisfy({ $0 == size })
        else {
            throw UnfitBlock(
                modules: [module],
                reason:
                    "\(shown(module)) does not tell its kernel and dilation (dil_conv_k5_2), or "
                    + "others than its shape \(convolution.shape)",
                hint: "fuse this block with POST /v1/fuse/repvgg, which takes dilations")
        }
        let bn = ModuleName.joined(block, "dil_bn_" + sizes)
        return .convolution(convolution, try batchNorm(bn, of: block), dilation: step)
    }
}
