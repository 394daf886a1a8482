// SPDX-License-Identifier: Apache-2.0

import Reparameterization
import TensorFiles

/// What becomes of each tensor of a checkpoint, by names and shapes alone.
struct CheckpointPlan {
    let index: ModuleIndex
    let blocks: [BlockPlan]
    let refusals: [Refusal]
    /// Tensors that stay as they are, those of refused layers among them.
    let kept: [Int]
    /// Counters of training, which mean nothing behind it.
    let dropped: [Int]
    /// What a reader of the report should know.
    let notes: [String]

    init(
        _ entries: [SafetensorsLayout.Entry], _ options: CheckpointOptions
    ) throws(CheckpointError) {
        index = try ModuleIndex(entries, stripping: options.strippedPrefix)
        try Self.checkPatterns(options, index)
        var search = BlockSearch(index, options)
        var notes = try search.findAll()
        if options.eps.isEmpty {
            notes.append(
                "eps was taken to be \(CheckpointOptions.defaultEps), PyTorch's default, since no checkpoint has it; "
                    + "networks from TensorFlow and many detectors (YOLO, Inception) have 1e-3")
        }
        self.notes = notes
        (blocks, refusals) = (search.blocks, search.refusals)
        let fused = Set(blocks.flatMap(\.tensors))
        var kept: [Int] = [], dropped: [Int] = []
        for (entry, name) in index.names.enumerated() where !fused.contains(entry) {
            if ModuleName.split(name).last == ModuleIndex.counter {
                dropped.append(entry)
            } else {
                kept.append(entry)
            }
        }
        (self.kept, self.dropped) = (kept, dropped)
        try checkSizes()
        try checkNames()
        try checkFound(options)
    }

    /// Matching takes up to the product of both lengths: seconds, for this; answers a hundred megabytes of names beside
    /// stars that nearly match.
    private static let mostMatching = 1 << 31

    /// A pattern that matches nothing is a slip, and would be passed over in silence.
    private static func checkPatterns(
        _ options: CheckpointOptions, _ index: ModuleIndex
    ) throws(CheckpointError) {
        let all =
            options.eps.map { ("eps", $0.pattern) } + options.groups.map { ("groups", $0.pattern) }
            + (options.transposed ?? []).map { ("transposed", $0) }
            + options.exclude.map { ("exclude", $0) }
        let patternBytes = all.reduce(0) { $0 + $1.1.text.utf8.count }
        let nameBytes = index.modules.keys.reduce(0) { $0 + $1.utf8.count }
        guard patternBytes <= mostMatching / max(1, nameBytes) else {
            throw CheckpointError(
                .checkpoint,
                "patterns of \(patternBytes) characters are too many for names of \(nameBytes); "
                    + "use shorter ones, or * for several names")
        }
        if options.transposed == nil, !options.groups.isEmpty {
            throw CheckpointError(
                .option("groups"),
                "they are those of transposed convolutions, and none is listed; list them in transposed"
            )
        }
        for (option, pattern) in all {
            // Blocks are modules without tensors of their own.
            let isFound = index.modules.keys.contains { module in
                var name = module
                while true {
                    if pattern.matches(name) { return true }
                    let parent = ModuleName.split(name).parent
                    if parent.isEmpty { return false }
                    name = parent
                }
            }
            guard isFound else {
                throw CheckpointError(
                    .option(option),
                    "\(shown(pattern.text)) matches no module of the checkpoint, such as "
                        + "\(shown(index.modules.keys.min() ?? "")); * stands for any characters")
            }
        }
    }

    /// What is made has a name of its own.
    private func checkNames() throws(CheckpointError) {
        var names = Set(kept.map { index.names[$0] })
        for block in blocks {
            for name in block.made {
                guard names.insert(name).inserted else {
                    throw CheckpointError(
                        .tensor(name),
                        "\(shown(block.name)) becomes a layer of this name, which there is already; name "
                            + "the block in exclude")
                }
            }
        }
    }

    /// A kernel of 1 x n beside one of n x 1 makes n x n out of a few numbers, a dilation as many as it likes.
    private func checkSizes() throws(CheckpointError) {
        for block in blocks where block.branches.count > 1 {
            guard let count = block.weightCount, count <= RepVGGBlock.largestWeight else {
                throw CheckpointError(
                    .tensor(index.source(block.first.weight)),
                    "\(shown(block.name)) would become one weight of shape \(block.weightShape), more than "
                        + "\(RepVGGBlock.largestWeight) elements; name the block in exclude")
            }
        }
    }

    private func checkFound(_ options: CheckpointOptions) throws(CheckpointError) {
        guard blocks.isEmpty, refusals.isEmpty else { return }
        let families = Family.allCases.map(\.rawValue).joined(separator: ", ")
        let excluded = options.exclude.isEmpty ? "" : " that exclude leaves"
        throw CheckpointError(
            .checkpoint,
            "nothing to fuse was found among \(index.entries.count) tensors\(excluded); layers are found by the "
                + "names of these families: \(families). Tell others by pairs, or fuse single blocks with "
                + "POST /v1/fuse/repvgg and POST /v1/fuse/conv_bn")
    }
}

extension BlockSearch {
    /// Everything, the larger blocks first; returns notes for the report.
    fileprivate mutating func findAll() throws(CheckpointError) -> [String] {
        func wants(_ family: Family) -> Bool {
            options.families.isEmpty || options.families.contains(family)
        }
        try addTold()
        if wants(.dbb) { try findDiverseBranches() }
        if wants(.replknet) { try findDilated() }
        for naming in BlockNaming.all where wants(naming.family) { try findSums(naming) }
        let keeper = blocks.map(\.family).first(where: \.keepsPlainPairs)
        if let keeper, options.families.isEmpty {
            return [
                "plain pairs of convolution and batch norm are kept, as the deploy form of "
                    + "\(keeper.rawValue) has them; family=[\"\(keeper.rawValue)\", \"conv_bn\"] fuses them"
            ]
        }
        if wants(.convBN) { try findPairs() }
        return []
    }
}
