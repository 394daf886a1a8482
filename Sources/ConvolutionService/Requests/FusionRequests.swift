// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

/// What every kind of fusion takes beside the layers.
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

/// What a caller sent to `fuse/*`.
struct FusionRequest: Sendable {
    let layers: any Fusable
    let options: FusionOptions
    let spelling: ReplySpelling
    /// Whether what becomes of the layers is no larger than they are.
    let isBounded: Bool
}

/// One layer of a sequence as sent.
struct WireLayer: Sendable {
    let layer: SequentialLayer
    let weight: WireTensor
    var bias: WireTensor?
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
