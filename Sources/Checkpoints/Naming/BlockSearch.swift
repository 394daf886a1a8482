// SPDX-License-Identifier: Apache-2.0

/// What has been found so far: each tensor belongs to one block or refusal, or to none.
struct BlockSearch {
    let index: ModuleIndex
    let options: CheckpointOptions
    private(set) var blocks: [BlockPlan] = []
    private(set) var refusals: [Refusal] = []
    private var claimed: Set<Int> = []

    init(_ index: ModuleIndex, _ options: CheckpointOptions) {
        (self.index, self.options) = (index, options)
    }

    var modules: [String] { index.ordered }

    func isExcluded(_ module: String) -> Bool { options.exclude.contains { $0.matches(module) } }

    /// Whether a layer of the module belongs to something that was found before.
    func isClaimed(_ module: String) -> Bool {
        index.modules[module]?.values.contains { claimed.contains($0) } ?? false
    }

    mutating func add(_ block: BlockPlan) {
        blocks.append(block)
        claimed.formUnion(block.tensors)
    }

    mutating func refuse(_ block: String, modules: [String], _ reason: String, hint: String) {
        let tensors = Set(
            modules.flatMap { module in
                (index.modules[module] ?? [:]).filter { $0.key != ModuleIndex.counter }.values
            }
        ).filter { !claimed.contains($0) }
        claimed.formUnion(tensors)
        refusals.append(
            Refusal(block: block, tensors: tensors.sorted(), reason: reason, hint: hint))
    }

    /// A block with its name stays as it is.
    mutating func keep(below block: String) {
        for module in index.modules(below: block) {
            claimed.formUnion(index.modules[module]!.values)
        }
    }
}

/// Why the layers of a block cannot be found, though the block can.
struct UnfitBlock: Error {
    let modules: [String]
    let reason: String
    let hint: String
}

extension BlockSearch {
    /// The batch norm of a module that has to have one.
    func batchNorm(_ module: String, of block: String) throws -> FoundBatchNorm {
        if let found = try index.batchNorm(module) { return found }
        let flaw =
            index.isAffineOnly(module)
            ? "has no running statistics (running_mean, running_var): it normalises each batch by itself "
                + "(track_running_stats=False), which no convolution does"
            : index.modules[module] == nil
                ? "is not there" : "has not just weight, bias, running_mean and running_var"
        throw UnfitBlock(
            modules: [module], reason: "the batch norm \(shown(module)) \(flaw)",
            hint: index.isAffineOnly(module)
                ? "keep it in the network; exclude takes \(shown(block)) out of the report"
                : "send the checkpoint as it was trained, or name \(shown(block)) in exclude")
    }

    func convolution(_ module: String, of block: String) throws -> FoundConvolution {
        if let found = index.convolution(module) { return found }
        let weight = index.modules[module]?["weight"].map { index.entries[$0] }
        let type = weight.map { ", but a weight of \($0.type.word) and shape \($0.shape)" }
        throw UnfitBlock(
            modules: [module],
            reason:
                "\(shown(module)) has not just the weight (and bias) of a convolution in F64, F32, "
                + "F16 or BF16" + (type ?? ""),
            hint: "name \(shown(block)) in exclude, or take the reparametrisation (weight norm, "
                + "pruning, quantisation) off before saving")
    }

    /// Its length is that of the convolution's outputs, or the checkpoint is mixed up.
    func check(
        _ bn: FoundBatchNorm, has channels: Int, of module: String
    ) throws(CheckpointError) {
        guard bn.channels == channels else {
            throw CheckpointError(
                .tensor(index.source(bn.mean)),
                "it has \(bn.channels) elements, and \(shown(module)) gives \(channels) channels; the "
                    + "checkpoint is mixed up, or exclude has to name the layer")
        }
    }

    /// The name of what it becomes has to be free.
    func checkTarget(_ target: String, of block: String) throws {
        guard index.modules[target] == nil else {
            throw UnfitBlock(
                modules: [],
                reason: "the checkpoint has \(shown(target)) already, beside its branches",
                hint: "send the checkpoint as it was trained, without layers of its deploy form")
        }
    }

    /// Adds the block that `find` returns, or what it throws as a refusal.
    mutating func attempt(
        _ block: String, modules: [String], _ find: (BlockSearch) throws -> BlockPlan
    ) throws(CheckpointError) {
        if isExcluded(block) || modules.contains(where: isExcluded) {
            keep(below: block)
            return
        }
        if let shared = modules.first(where: isClaimed) {
            refuse(
                block, modules: modules, "\(shown(shared)) belongs to another block or pair too",
                hint: "tell by pairs which it belongs to, or name one of the blocks in exclude")
            return
        }
        do {
            add(try find(self))
        } catch let unfit as UnfitBlock {
            refuse(block, modules: modules + unfit.modules, unfit.reason, hint: unfit.hint)
        } catch let error as CheckpointError {
            throw error
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
