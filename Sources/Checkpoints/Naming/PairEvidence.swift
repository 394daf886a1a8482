// SPDX-License-Identifier: Apache-2.0

/// What the shapes of a convolution and a batch norm tell of their order.
///
/// A batch norm behind a convolution has as many channels as it gives, one in front of it (a pre-activation network, a
/// DenseNet) as many as it takes. Where both are equal one pair tells nothing; ``Verdicts`` asks those that are built alike.
struct PairEvidence {
    let outputs, inputsPerGroup, channels: Int
    let isLinear: Bool

    init(_ convolution: FoundConvolution, _ bn: FoundBatchNorm) {
        (outputs, inputsPerGroup) = (convolution.shape[0], convolution.shape[1])
        isLinear = convolution.isLinear
        channels = bn.channels
    }

    /// As many as the convolution gives.
    var fitsBehind: Bool { channels == outputs }

    /// The groups with which the convolution takes as many; nil if there are none.
    ///
    /// A transposed convolution with this weight gives as many with the same groups.
    var groupsInFront: Int? {
        if isLinear { return channels == inputsPerGroup ? 1 : nil }
        let (groups, rest) = channels.quotientAndRemainder(dividingBy: inputsPerGroup)
        return rest == 0 && groups > 0 && outputs % groups == 0 ? groups : nil
    }

    var fitsInFront: Bool { groupsInFront != nil }
    /// It can only be behind.
    var showsBehind: Bool { fitsBehind && !fitsInFront }
    /// It cannot be behind.
    var showsInFront: Bool { !fitsBehind && fitsInFront }
}
