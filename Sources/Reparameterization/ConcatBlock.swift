// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Branches on the same input whose outputs are put behind each other, channel after channel.
///
/// Without groups: the channels of grouped branches would have to be put among each other, and what is behind the block
/// expects them behind each other.
public struct ConcatBlock: Sendable {
    /// At least one of them a convolution; the identity and means give as many channels as they get.
    public let branches: [Branch]
    /// Of all branches: empty for 1, one, or one for each spatial dimension.
    public let stride: [Int]

    /// A block as it was sent; fusing checks it.
    public init(branches: [Branch], stride: [Int] = []) {
        self.branches = branches
        self.stride = stride
    }
}

extension Fusion {
    /// The branches as one convolution with the largest kernel, smaller ones centred in it.
    ///
    /// - Throws: ``FusionError`` as ``repVGG(_:)``; branches may differ in their output channels.
    public static func concat(_ block: ConcatBlock) throws(FusionError) -> FusedConvolution {
        let parts = try block.checkedParts()
        let shape = try block.checkedWeightShape()
        var weight: [Double] = [], bias: [Double] = []
        for (index, part) in parts.enumerated() {
            var one = WideConvolution(
                shape: [part.outputs] + shape.dropFirst(), outputChannels: part.outputs)
            one.add(
                block.branches[index], kernel: part.kernel,
                try block.branches[index].affine(index, channels: part.outputs))
            weight += one.weight
            bias += one.bias
        }
        var all = WideConvolution(shape: shape, outputChannels: shape[0])
        (all.weight, all.bias) = (weight, bias)
        return try all.rounded(to: block.first.dtype)
    }
}

extension ConcatBlock {
    /// A checked branch: its output channels, and what its kernel sees.
    struct Part {
        let outputs: Int
        let kernel: [Int]
    }

    /// The weight of the first convolution of a checked block.
    fileprivate var first: Tensor {
        for branch in branches { if case .conv(let weight, _, _) = branch.kind { return weight } }
        preconditionFailure("a block without a convolution has not been checked")
    }

    /// Each branch held against a first convolution with as many outputs as it has.
    fileprivate func checkedParts() throws(FusionError) -> [Part] {
        let block = RepVGGBlock(branches: branches, stride: stride)
        let first = try block.checkedFirstWeight()
        _ = try LayerChecks.checkedSteps(
            stride, "stride", at: ["stride"], spatialRank: first.shape.count - 2)
        var parts: [Part] = []
        for (index, branch) in branches.enumerated() {
            let path = ["branches", "\(index)"]
            let outputs = try outputs(of: branch, like: first, at: path)
            let form = BranchForm(
                shape: [outputs] + first.shape.dropFirst(), dtype: first.dtype)
            let kernel = try block.checkedKernel(branch, at: path, like: form)
            parts.append(Part(outputs: outputs, kernel: kernel))
        }
        return parts
    }

    private func outputs(
        of branch: Branch, like first: Tensor, at path: [String]
    ) throws(FusionError) -> Int {
        guard case .conv(let weight, _, _) = branch.kind else { return first.shape[1] }
        guard weight.shape.count == first.shape.count, weight.shape[1] == first.shape[1] else {
            throw FusionError(
                path: path + ["weight"],
                reason:
                    "weight shape is \(Spelling.list(weight.shape)), and that of the first conv branch is "
                    + "\(first.shape); both see the same input, so they must have as many input channels, "
                    + "\(first.shape[1]), and kernel dimensions")
        }
        return weight.shape[0]
    }
}

extension ConcatBlock: Fusable {
    package var batchNorms: [BatchNorm] { branches.compactMap(\.bn) }

    package func fused() throws(FusionError) -> FusedConvolution { try Fusion.concat(self) }

    package func fusedForm() throws(FusionError) -> FusedForm {
        .init(weightShape: try checkedWeightShape())
    }

    fileprivate func checkedWeightShape() throws(FusionError) -> [Int] {
        let parts = try checkedParts(), block = RepVGGBlock(branches: branches, stride: stride)
        let kernel = try block.checkedLargest(parts.map(\.kernel), like: first)
        for (index, part) in parts.enumerated() {
            try block.checkCentred(part.kernel, in: kernel, index)
        }
        let shape = [parts.reduce(0) { $0 + $1.outputs }, first.shape[1]] + kernel
        try LayerChecks.checkCount(of: shape, at: ["branches"])
        return shape
    }

    package func inputForm() throws(FusionError) -> InputForm {
        _ = try checkedParts()
        return InputForm(
            channels: first.shape[1], spatialRank: first.shape.count - 2, dtype: first.dtype)
    }

    package func widened() -> ConcatBlock {
        ConcatBlock(branches: branches.map { $0.widened() }, stride: stride)
    }

    package func unfused(input: [Int]) throws -> LayerForm {
        .concat(
            try zip(branches, checkedParts()).enumerated().map { index, member in
                let (branch, part) = member
                let layer = try branch.form(
                    part.kernel, outputs: part.outputs, groups: 1, stride: stride,
                    dtype: first.dtype, input: input)
                return layer.followed(by: try branch.affine(index, channels: part.outputs))
            })
    }

    package func bound(_ fused: FusedConvolution, input: [Int]) throws -> LayerForm {
        .convolution(
            try BoundConvolution(
                input: input, weight: fused.weight, bias: fused.bias,
                options: .centred(
                    Array(fused.weight.shape.dropFirst(2)), groups: 1, stride: stride)))
    }
}
