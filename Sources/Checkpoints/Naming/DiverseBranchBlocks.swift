// SPDX-License-Identifier: Apache-2.0

/// Diverse Branch Blocks: kxk, 1x1, 1x1 and kxk behind each other, 1x1 and a mean behind each other.
///
/// Source: DingXiaoH/DiverseBranchBlock, `diversebranchblock.py`. The batch norm between two layers of a branch is a
/// `BNAndPadLayer`, which pads with what it makes of zeros, so both layers are one convolution to the border. A weight named
/// `idconv1` is the difference to the identity.
extension BlockSearch {
    mutating func findDiverseBranches() throws(CheckpointError) {
        let origin = "dbb_origin.conv"
        for module in modules {
            guard let block = ModuleName.parent(of: module, endingWith: origin), !isClaimed(module)
            else { continue }
            let own = index.modules(startingWith: ModuleName.joined(block, "dbb_"))
            try attempt(block, modules: own) { search in
                try search.diverseBranch(block)
            }
        }
    }

    private func diverseBranch(_ block: String) throws -> BlockPlan {
        func has(_ module: String) -> Bool {
            index.modules[ModuleName.joined(block, module)] != nil
        }
        var branches = [try plain("dbb_origin", block)]
        let first = branches[0].main!
        if has("dbb_1x1.conv") { branches.append(try plain("dbb_1x1", block)) }
        for branch in branches { try check(branch, beside: first) }
        var groups: Int?
        if has("dbb_1x1_kxk.conv2") {
            let (branch, found) = try sequence(block, beside: first)
            branches.append(branch)
            groups = found
        }
        if has("dbb_avg.avgbn") {
            branches.append(try pool(block, beside: first, hasConvolution: has("dbb_avg.conv")))
            if !has("dbb_avg.conv") { groups = try self.groups(of: first) }
        }
        try checkNothingLeft(block, branches)
        let target = ModuleName.joined(block, "dbb_reparam")
        try checkTarget(target, of: block)
        return BlockPlan(
            name: block, family: .dbb, branches: branches, target: target, groups: groups ?? 1)
    }

    private func plain(_ name: String, _ block: String) throws -> BranchPlan {
        .convolution(
            try convolution(ModuleName.joined(block, name + ".conv"), of: block),
            try batchNorm(ModuleName.joined(block, name + ".bn"), of: block))
    }

    private func sequence(
        _ block: String, beside first: FoundConvolution
    ) throws -> (BranchPlan, groups: Int) {
        let name = ModuleName.joined(block, "dbb_1x1_kxk")
        let isDifference = index.modules[name + ".idconv1"] != nil
        let one = try convolution(name + (isDifference ? ".idconv1" : ".conv1"), of: block)
        let two = try convolution(name + ".conv2", of: block)
        let inner = try batchNorm(name + ".bn1.bn", of: block)
        let outer = try batchNorm(name + ".bn2", of: block)
        try checkBorder(one)
        try check(inner, has: one.shape[0], of: one.module)
        try check(outer, has: two.shape[0], of: two.module)
        let (groups, rest) = one.shape[0].quotientAndRemainder(dividingBy: two.shape[1])
        try checkFits(
            one, rest == 0 && one.shape[1] == first.shape[1] && one.kernel.allSatisfy { $0 == 1 },
            first)
        try checkFits(two, two.shape[0] == first.shape[0] && two.kernel == first.kernel, first)
        return (.sequence(one, isDifference: isDifference, inner, two, outer), groups)
    }

    private func pool(
        _ block: String, beside first: FoundConvolution, hasConvolution: Bool
    ) throws -> BranchPlan {
        let name = ModuleName.joined(block, "dbb_avg")
        let bn = try batchNorm(name + ".avgbn", of: block)
        try check(bn, has: first.shape[0], of: first.module)
        guard hasConvolution else { return .pool(nil, nil, kernel: first.kernel, bn) }
        let one = try convolution(name + ".conv", of: block)
        let inner = try batchNorm(name + ".bn.bn", of: block)
        try checkBorder(one)
        try check(inner, has: one.shape[0], of: one.module)
        try checkFits(
            one, one.shape.prefix(2) == first.shape.prefix(2) && one.kernel.allSatisfy { $0 == 1 },
            first)
        return .pool(one, inner, kernel: first.kernel, bn)
    }

    /// The border is what the batch norm makes of zeros, and the layer makes a bias of them if it has one.
    private func checkBorder(_ one: FoundConvolution) throws {
        guard one.bias == nil else {
            throw UnfitBlock(
                modules: [],
                reason:
                    "\(shown(one.module)) has a bias, and the layer behind it is padded with what the "
                    + "batch norm between them makes of zeros, not of that bias; one convolution would be "
                    + "wrong at the border",
                hint: "keep the block in the network")
        }
    }

    private func checkFits(
        _ convolution: FoundConvolution, _ fits: Bool, _ first: FoundConvolution
    ) throws(CheckpointError) {
        guard fits, convolution.shape.count == first.shape.count, convolution.dtype == first.dtype
        else {
            throw CheckpointError(
                .tensor(index.source(convolution.weight)),
                "its shape is \(convolution.shape) of \(convolution.dtype.rawValue), which does not fit "
                    + "\(shown(index.source(first.weight))), \(first.shape) of "
                    + "\(first.dtype.rawValue); the checkpoint is mixed up")
        }
    }

    private func checkNothingLeft(_ block: String, _ branches: [BranchPlan]) throws {
        let start = ModuleName.joined(block, "dbb_")
        let known = Set(
            branches.flatMap { $0.convolutions.map(\.module) + $0.batchNorms.map(\.module) })
        let reparam = ModuleName.joined(block, "dbb_reparam")
        if let other = index.modules(startingWith: start).first(where: {
            !known.contains($0) && $0 != reparam
        }) {
            throw UnfitBlock(
                modules: [],
                reason: "\(shown(other)) is no layer that such a block is known to have",
                hint: "name \(shown(block)) in exclude")
        }
    }
}
