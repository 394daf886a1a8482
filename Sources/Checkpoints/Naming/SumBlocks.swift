// SPDX-License-Identifier: Apache-2.0

/// Blocks whose layers are added, by the names that their families give them.
extension BlockSearch {
    mutating func findSums(_ naming: BlockNaming) throws(CheckpointError) {
        let first = naming.layers[0].convolution
        var parents: [String] = [], known: Set<String> = []
        for module in modules {
            guard let parent = ModuleName.parent(of: module, endingWith: first),
                !isClaimed(module), known.insert(parent).inserted
            else { continue }
            parents.append(parent)
        }
        for parent in parents {
            let layers = naming.layers.flatMap { found($0, below: parent) }
            if naming.needsAll, layers.count < naming.layers.count { continue }
            var own = layers.flatMap { [$0.convolution, $0.batchNorm] }
            let identity = naming.identity.map { ModuleName.joined(parent, $0) }
            if let identity, index.modules[identity] != nil { own.append(identity) }
            let others = naming.prefix.isEmpty ? [] : unknown(naming, below: parent, own)
            try attempt(parent, modules: own + others) { search in
                try search.sum(naming, parent, layers, identity: identity, others: others)
            }
        }
    }

    /// The layers of a name, as they are below a block.
    private func found(
        _ layer: BlockNaming.Layer, below parent: String
    ) -> [BlockNaming.Layer] {
        guard layer.convolution.contains("#") else {
            let own = BlockNaming.Layer(
                convolution: ModuleName.joined(parent, layer.convolution),
                batchNorm: ModuleName.joined(parent, layer.batchNorm))
            return index.modules[own.convolution] == nil ? [] : [own]
        }
        let start = ModuleName.joined(parent, String(layer.convolution.prefix { $0 != "#" }))
        return index.modules(startingWith: start).compactMap { module in
            guard ModuleName.parent(of: module, endingWith: layer.convolution) == parent else {
                return nil
            }
            let below = parent.isEmpty ? module[...] : module.dropFirst(parent.count + 1)
            let number = below.split(separator: ".").map(String.init).first {
                ModuleName.index($0) != nil
            }
            guard let number else { return nil }
            return BlockNaming.Layer(
                convolution: module,
                batchNorm: ModuleName.joined(
                    parent, layer.batchNorm.split(separator: "#").joined(separator: number)))
        }
    }

    /// Modules of branches that nobody told us of.
    private func unknown(
        _ naming: BlockNaming, below parent: String, _ own: [String]
    ) -> [String] {
        let target = ModuleName.joined(parent, naming.target)
        let start = ModuleName.joined(parent, naming.prefix), known = Set(own)
        return index.modules(startingWith: start).filter {
            !known.contains($0) && $0 != target && !$0.hasPrefix(target + ".")
        }
    }

    /// FastViT's `RepMixer` has a block in it whose identity is subtracted (timm `fastvit.py`); its deploy form is one
    /// convolution of all of it, and none that we make.
    private func checkIsNoMixer(_ block: String) throws {
        let (parent, last) = ModuleName.split(block)
        let norm = ModuleName.joined(parent, "norm.identity")
        guard last == "mixer", index.modules[norm] != nil else { return }
        throw UnfitBlock(
            modules: [],
            reason:
                "\(shown(block)) is part of a RepMixer, with \(shown(norm)) and a layer scale, whose "
                + "deploy form is one convolution of all three",
            hint: "reparameterise it with timm (timm.utils.model.reparameterize_model)")
    }

    /// The first of numbered layers that a gap in their numbers shows to be missing.
    private func missing(
        _ naming: BlockNaming, below block: String, _ layers: [BlockNaming.Layer]
    ) -> String? {
        let found = Set(layers.map(\.convolution))
        for layer in naming.layers where layer.convolution.contains("#") {
            let pattern = ModuleName.joined(block, layer.convolution)
            let count = found.count {
                ModuleName.parent(of: $0, endingWith: layer.convolution) == block
            }
            for number in 0..<count {
                let name = pattern.split(separator: "#").joined(separator: "\(number)")
                if !found.contains(name) { return name }
            }
        }
        return nil
    }

    private func sum(
        _ naming: BlockNaming, _ block: String, _ layers: [BlockNaming.Layer], identity: String?,
        others: [String]
    ) throws -> BlockPlan {
        if let other = others.first {
            throw UnfitBlock(
                modules: others,
                reason: "\(shown(other)) is no branch that such a block is known to have",
                hint:
                    "fuse this block with POST /v1/fuse/repvgg, or name \(shown(block)) in exclude")
        }
        try checkIsNoMixer(block)
        if let missing = missing(naming, below: block, layers) {
            throw UnfitBlock(
                modules: [],
                reason: "\(shown(missing)) is not there, though there is one behind it",
                hint: "send the checkpoint as it was trained, or name \(shown(block)) in exclude")
        }
        var branches: [BranchPlan] = []
        for layer in layers {
            branches.append(
                .convolution(
                    try convolution(layer.convolution, of: block),
                    try batchNorm(layer.batchNorm, of: block)))
        }
        let first = branches[0].main!
        for branch in branches { try check(branch, beside: first) }
        var groups = 1
        if let identity, index.modules[identity] != nil {
            let bn = try batchNorm(identity, of: block)
            try check(bn, has: first.shape[0], of: first.module)
            groups = try self.groups(of: first)
            branches.append(.identity(bn))
        }
        let target = ModuleName.joined(block, naming.target)
        try checkTarget(target, of: block)
        return BlockPlan(
            name: block, family: naming.family, branches: branches, target: target, groups: groups)
    }

    /// Those of a convolution that gives as many channels as it takes.
    func groups(of convolution: FoundConvolution) throws(CheckpointError) -> Int {
        let (groups, rest) = convolution.shape[0].quotientAndRemainder(
            dividingBy: convolution.shape[1])
        guard rest == 0 else {
            throw CheckpointError(
                .tensor(index.source(convolution.weight)),
                "its shape is \(convolution.shape), and an identity beside it means that it takes "
                    + "\(convolution.shape[0]) channels, which \(convolution.shape[1]) a group do not "
                    + "divide; the checkpoint is mixed up")
        }
        return groups
    }

    /// A branch fits the first convolution of its block, and its batch norm fits it.
    func check(
        _ branch: BranchPlan, beside first: FoundConvolution
    ) throws(CheckpointError) {
        guard case .convolution(let convolution, let bn, _) = branch else { return }
        guard convolution.shape.count == first.shape.count,
            convolution.shape.prefix(2) == first.shape.prefix(2),
            convolution.dtype == first.dtype
        else {
            throw CheckpointError(
                .tensor(index.source(convolution.weight)),
                "its shape is \(convolution.shape) of \(convolution.dtype.rawValue), and that of "
                    + "\(shown(index.source(first.weight))) \(first.shape) of \(first.dtype.rawValue); "
                    + "branches that are added have the first two sizes and the dtype in common: the "
                    + "checkpoint is mixed up")
        }
        try check(bn, has: convolution.shape[0], of: convolution.module)
    }
}
