// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Layers of a checkpoint that become one convolution.
struct BlockPlan: Sendable {
    /// The module that it is, or the convolution of a plain pair.
    let name: String
    let family: Family
    let branches: [BranchPlan]
    /// The module that the one convolution will be.
    let target: String
    var isTransposed = false
    /// Of the layers; those of convolutions that are added need not be known where no identity is beside them.
    var groups = 1

    /// Where its tensors stand in the file.
    var tensors: [Int] { branches.flatMap(\.tensors) }
    var batchNorms: [FoundBatchNorm] { branches.flatMap(\.batchNorms) }

    /// The names of its one weight and bias.
    var made: [String] { ["weight", "bias"].map { ModuleName.joined(target, $0) } }

    /// The convolution whose weight tells shape and dtype.
    var first: FoundConvolution { branches.lazy.compactMap(\.main).first! }

    /// Of the one weight.
    var weightShape: [Int] {
        let kernels = branches.map(\.extent)
        let kernel = first.kernel.indices.map { axis in
            kernels.filter { $0.count > axis }.map { $0[axis] }.reduce(1, max)
        }
        return first.shape.prefix(2) + kernel
    }

    /// Elements of the one weight; nil where there are more than any machine holds.
    var weightCount: Int? {
        weightShape.reduce(1 as Int?) { count, size in
            guard let count else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            return overflow ? nil : product
        }
    }

    var outputChannels: Int { isTransposed ? first.shape[1] * groups : first.shape[0] }
}

/// One of the layers whose outputs are added; a plain pair is the only one of its block.
enum BranchPlan: Sendable {
    case convolution(FoundConvolution, FoundBatchNorm, dilation: Int = 1)
    case identity(FoundBatchNorm)
    /// A 1x1 convolution and its batch norm, if there is one, and the mean of each window behind it.
    case pool(FoundConvolution?, FoundBatchNorm?, kernel: [Int], FoundBatchNorm)
    /// A 1x1 and a larger convolution; the weight of the first may be its difference to the identity.
    case sequence(
        FoundConvolution, isDifference: Bool, FoundBatchNorm, FoundConvolution, FoundBatchNorm)

    var convolutions: [FoundConvolution] {
        switch self {
        case .convolution(let convolution, _, _): [convolution]
        case .identity: []
        case .pool(let convolution, _, _, _): convolution.map { [$0] } ?? []
        case .sequence(let first, _, _, let second, _): [first, second]
        }
    }

    var batchNorms: [FoundBatchNorm] {
        switch self {
        case .convolution(_, let bn, _), .identity(let bn): [bn]
        case .pool(_, let inner, _, let bn): (inner.map { [$0] } ?? []) + [bn]
        case .sequence(_, _, let inner, _, let bn): [inner, bn]
        }
    }

    var tensors: [Int] { convolutions.flatMap(\.tensors) + batchNorms.flatMap(\.tensors) }

    /// The convolution whose first sizes are those of the block.
    var main: FoundConvolution? {
        guard case .convolution(let convolution, _, _) = self else { return nil }
        return convolution
    }

    /// What its kernel sees; of an identity 1, in every dimension.
    var extent: [Int] {
        switch self {
        case .convolution(let convolution, _, let dilation):
            convolution.kernel.map { size in
                let (span, overflow) = dilation.multipliedReportingOverflow(by: size - 1)
                return overflow || span == .max ? .max : span + 1
            }
        case .identity: []
        case .pool(_, _, let kernel, _): kernel
        case .sequence(_, _, _, let second, _): second.kernel
        }
    }
}

/// Layers that belong together but stay as they are.
struct Refusal: Sendable {
    let block: String
    /// Where its tensors stand in the file.
    let tensors: [Int]
    let reason: String
    /// What would resolve it.
    let hint: String
}
