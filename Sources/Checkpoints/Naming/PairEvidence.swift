// SPDX-License-Identifier: Apache-2.0

/// What the shapes of a convolution and a batch norm tell of their order.
///
/// A batch norm behind a convolution has as many channels as it gives, one in front of it (a pre-activation network, a
/// DenseNet) as many as it takes. Where both are equal, one pair tells nothing, but pairs that are named alike in one
/// network are built alike: one that decides does so for all of them.
struct PairEvidence {
    let outputs, inputsPerGroup, channels: Int
    let isLinear: Bool

    init(_ convolution: FoundConvolution, _ bn: FoundBatchNorm) {
        (outputs, inputsPerGroup) = (convolution.shape[0], convolution.shape[1])
        isLinear = convolution.shape.count == 2
        channels = bn.channels
    }

    /// As many as the convolution gives.
    var fitsBehind: Bool { channels == outputs }

    /// As many as the convolution takes, with some groups that its outputs allow.
    var fitsInFront: Bool {
        guard !isLinear else { return channels == inputsPerGroup }
        let (groups, rest) = channels.quotientAndRemainder(dividingBy: inputsPerGroup)
        return rest == 0 && groups > 0 && outputs % groups == 0
    }

    /// As many as a transposed convolution with this weight gives, with some groups.
    var fitsTransposed: Bool { fitsInFront && !isLinear }

    /// It can only be behind.
    var showsBehind: Bool { fitsBehind && !fitsInFront }
    /// It cannot be behind.
    var showsInFront: Bool { !fitsBehind && fitsInFront }
}
