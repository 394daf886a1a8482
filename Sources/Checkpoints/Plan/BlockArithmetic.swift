// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

/// A block's one convolution, in the dtype that its layers had.
struct FusedBlock: Sendable {
    let weight, bias: Tensor
    /// What narrower types would suffer from.
    let warnings: [String]
}

/// From a block's tensors to its one convolution: everything in float64, rounded once.
struct BlockArithmetic {
    let block: BlockPlan
    let index: ModuleIndex
    let options: CheckpointOptions
    /// Reads one tensor of the file.
    let load: (Int) throws(CheckpointError) -> Tensor

    func fused() throws(CheckpointError) -> FusedBlock {
        if block.branches.count == 1,
            case .convolution(let convolution, let bn, _) = block.branches[0]
        {
            return try pair(convolution, bn)
        }
        var branches: [Branch] = []
        for branch in block.branches { branches.append(try self.branch(branch)) }
        let sum = RepVGGBlock(branches: branches, groups: block.groups)
        return try attributing { () throws(FusionError) in
            let exact = try Fusion.repVGG(sum)
            let fused = try exact.rounded(to: block.first.dtype)
            return FusedBlock(
                weight: fused.weight, bias: fused.bias, warnings: sum.warnings(exact))
        }
    }

    private func pair(
        _ convolution: FoundConvolution, _ bn: FoundBatchNorm
    ) throws(CheckpointError) -> FusedBlock {
        let layer = ConvBN(
            weight: try load(convolution.weight), bias: try convolution.bias.map(load),
            bn: try batchNorm(bn), groups: block.groups, transposed: block.isTransposed)
        return try attributing { () throws(FusionError) in
            let fused = try Fusion.convBN(layer)
            return FusedBlock(
                weight: fused.weight, bias: fused.bias, warnings: layer.warnings(fused))
        }
    }

    private func branch(_ branch: BranchPlan) throws(CheckpointError) -> Branch {
        switch branch {
        case .convolution(let convolution, let bn, let dilation):
            let bias = try convolution.bias.map(wide)
            return Branch(
                .conv(weight: try wide(convolution.weight), bias: bias, dilation: [dilation]),
                bn: try batchNorm(bn))
        case .identity(let bn): return Branch(.identity, bn: try batchNorm(bn))
        case .pool(let convolution?, let inner?, let kernel, let bn):
            let one = try convBN(convolution, inner)
            return Branch(
                .conv(weight: one.weight.spread(over: kernel), bias: one.bias),
                bn: try batchNorm(bn))
        case .pool(_, _, let kernel, let bn):
            return Branch(.averagePool(kernelSize: kernel), bn: try batchNorm(bn))
        case .sequence(let first, let isDifference, let inner, let second, let bn):
            let one = try wide(first.weight)
            let groups = first.shape[0] / second.shape[1]
            let layers = [
                SequentialLayer(
                    weight: isDifference ? one.addingIdentity() : one,
                    bias: try first.bias.map(wide), bn: try batchNorm(inner), groups: groups),
                SequentialLayer(
                    weight: try wide(second.weight), bias: try second.bias.map(wide),
                    bn: try batchNorm(bn), groups: groups),
            ]
            let fused = try attributing { () throws(FusionError) in
                try Fusion.sequential(SequentialBlock(layers: layers))
            }
            return Branch(.conv(weight: fused.weight, bias: fused.bias))
        }
    }

    private func convBN(
        _ convolution: FoundConvolution, _ bn: FoundBatchNorm
    ) throws(CheckpointError) -> FusedConvolution {
        let layer = ConvBN(
            weight: try wide(convolution.weight), bias: try convolution.bias.map(wide),
            bn: try batchNorm(bn))
        return try attributing { () throws(FusionError) in try Fusion.convBN(layer) }
    }

    private func wide(_ tensor: Int) throws(CheckpointError) -> Tensor {
        try load(tensor).converted(to: .float64)
    }

    /// Its numbers, checked here, where the names of its tensors are known.
    private func batchNorm(_ found: FoundBatchNorm) throws(CheckpointError) -> BatchNorm {
        func numbers(_ tensor: Int) throws(CheckpointError) -> [Double] {
            let numbers = try load(tensor).converted(to: .float64).elements(of: Double.self)
            if let place = numbers.firstIndex(where: { !$0.isFinite }) {
                throw CheckpointError(
                    .tensor(index.source(tensor)),
                    "its element \(place) is \(numbers[place]); a batch norm has finite numbers")
            }
            return numbers
        }
        let variance = try numbers(found.variance), eps = options.eps(of: found, in: block)
        if let place = variance.firstIndex(where: { $0 < 0 || $0 + eps == 0 }) {
            let rule =
                variance[place] < 0
                ? "a variance is at least 0: the checkpoint is mixed up"
                : "and eps 0, whose root a batch norm divides by; give the eps of the network"
            throw CheckpointError(
                .tensor(index.source(found.variance)),
                "its element \(place) is \(variance[place]); \(rule)")
        }
        return BatchNorm(
            weight: try found.weight.map(numbers), bias: try found.bias.map(numbers),
            runningMean: try numbers(found.mean), runningVar: variance, eps: eps)
    }

    /// What cannot be fused, by the name of what it would become.
    private func attributing<Value>(
        _ body: () throws(FusionError) -> Value
    ) throws(CheckpointError) -> Value {
        do {
            return try body()
        } catch {
            let leaf = error.path.last == "bias" ? "bias" : "weight"
            throw CheckpointError(.tensor(ModuleName.joined(block.target, leaf)), error.reason)
        }
    }
}

extension CheckpointOptions {
    func eps(of bn: FoundBatchNorm, in block: BlockPlan) -> Double {
        eps.last { $0.pattern.matches(bn.module) || $0.pattern.matches(block.name) }?.value
            ?? Self.defaultEps
    }
}

extension Tensor {
    /// 1x1 kernels as larger ones of equal taps with the same sum; float64.
    fileprivate func spread(over kernel: [Int]) -> Tensor {
        let taps = kernel.reduce(1, *)
        let values = elements(of: Double.self).flatMap {
            Array(repeating: $0 / Double(taps), count: taps)
        }
        return Tensor(shape: shape.prefix(2) + kernel, values)
    }

    /// The weight of a 1x1 convolution and that of the identity; float64.
    fileprivate func addingIdentity() -> Tensor {
        var values = elements(of: Double.self)
        for channel in 0..<shape[0] { values[channel * shape[1] + channel % shape[1]] += 1 }
        return Tensor(shape: shape, values)
    }
}
