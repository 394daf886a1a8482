// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A module that has a weight of a convolution or a linear layer, and nothing but a bias beside it.
struct FoundConvolution: Sendable {
    let module: String
    /// Where its tensors stand in the file.
    let weight: Int
    let bias: Int?
    let shape: [Int]
    let dtype: DType

    var tensors: [Int] { [weight] + (bias.map { [$0] } ?? []) }
    var kernel: [Int] { Array(shape.dropFirst(2)) }
    var isLinear: Bool { shape.count == 2 }
}

/// A module that has running statistics, one for each channel.
struct FoundBatchNorm: Sendable {
    let module: String
    let mean, variance: Int
    let weight, bias: Int?
    let channels: Int

    var tensors: [Int] { [mean, variance] + [weight, bias].compactMap { $0 } }
}

extension ModuleIndex {
    /// The name of what counts batches in training, and means nothing behind it.
    static let counter = "num_batches_tracked"

    /// Nil for a module that is none, or has tensors that no such layer has.
    func convolution(_ module: String) -> FoundConvolution? {
        guard let tensors = modules[module], let weight = tensors["weight"],
            tensors.keys.allSatisfy({ $0 == "weight" || $0 == "bias" }),
            let dtype = entries[weight].type.dtype, (2...5).contains(shape(weight).count),
            !shape(weight).contains(0)
        else { return nil }
        let bias = tensors["bias"]
        if let bias, entries[bias].type.dtype != dtype || shape(bias).count != 1 { return nil }
        return FoundConvolution(
            module: module, weight: weight, bias: bias, shape: shape(weight), dtype: dtype)
    }

    /// Nil for a module without running statistics.
    ///
    /// - Throws: about one whose tensors do not fit each other
    func batchNorm(_ module: String) throws(CheckpointError) -> FoundBatchNorm? {
        guard let tensors = modules[module], let mean = tensors["running_mean"],
            let variance = tensors["running_var"], shape(mean).count == 1
        else { return nil }
        // Something that has more is no batch norm, but of its kin (switchable normalisation).
        let known: Set = ["running_mean", "running_var", "weight", "bias", Self.counter]
        guard tensors.keys.allSatisfy(known.contains) else { return nil }
        let found = FoundBatchNorm(
            module: module, mean: mean, variance: variance, weight: tensors["weight"],
            bias: tensors["bias"], channels: shape(mean).first ?? 0)
        for tensor in found.tensors {
            guard shape(tensor).count == 1, shape(tensor)[0] == found.channels else {
                throw CheckpointError(
                    .tensor(source(tensor)),
                    "its shape is \(shape(tensor)), and that of running_mean \(shape(mean)); all of a "
                        + "batch norm have one element for each channel: the checkpoint is mixed up"
                )
            }
            guard entries[tensor].type.dtype != nil else {
                throw CheckpointError(
                    .tensor(source(tensor)),
                    "its dtype is \(entries[tensor].type.word); a batch norm is fused from F64, F32, "
                        + "F16 or BF16: convert it")
            }
        }
        return found
    }

    /// Whether a module has what a batch norm has without its statistics.
    func isAffineOnly(_ module: String) -> Bool {
        guard let tensors = modules[module], let weight = tensors["weight"] else { return false }
        return tensors.keys.allSatisfy { $0 == "weight" || $0 == "bias" || $0 == Self.counter }
            && shape(weight).count == 1
    }
}
