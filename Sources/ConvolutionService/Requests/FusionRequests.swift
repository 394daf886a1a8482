// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

/// What both kinds of fusion take beside the layers.
struct FusionOptions: Sendable {
    var verify = false
    var input: WireTensor?
    var inputSize: [Int] = []
    var format: TensorSpelling?

    /// What a verification runs on.
    var probe: ProbeInput {
        if let input { return .given(input.tensor) }
        if inputSize.isEmpty { return .standard }
        return .noise(size: inputSize, seed: 2026)
    }
}

/// What a caller sent to `fuse/conv_bn`.
struct FuseConvBNRequest: Sendable {
    let layer: ConvBN
    let options: FusionOptions
    let spelling: ReplySpelling
}

/// What a caller sent to `fuse/repvgg`.
struct FuseRepVGGRequest: Sendable {
    let block: RepVGGBlock
    let options: FusionOptions
    let spelling: ReplySpelling
}

/// One branch as sent.
struct WireBranch: Sendable {
    let branch: Branch
    var weight: WireTensor?
    var bias: WireTensor?
}

extension RequestFailure {
    /// The refusal of a fusion, at the place that it names.
    init(_ error: FusionError) {
        self = .field(pointer: error.pointer, reason: error.reason)
    }
}
