// SPDX-License-Identifier: Apache-2.0

/// What the caller knows about a checkpoint that its names and shapes do not tell.
public struct CheckpointOptions: Sendable {
    /// What to look for; empty for all, but for plain pairs where the deploy form of a block that is there keeps them.
    public var families: Set<Family> = []
    /// ε of the batch norms whose name matches; of several the last. No checkpoint stores it.
    public var eps: [(pattern: NamePattern, value: Double)] = []
    /// ε of all others: PyTorch's default.
    public static let defaultEps = 1e-5
    /// Groups of the transposed convolutions whose name matches; of several the last.
    public var groups: [(pattern: NamePattern, value: Int)] = []
    /// Transposed convolutions; nil if the caller has not said which there are.
    public var transposed: [NamePattern]?
    /// Convolutions and the batch norms behind them whose names do not tell that they belong together.
    public var pairs: [(convolution: String, batchNorm: String)] = []
    /// Layers and blocks that stay as they are.
    public var exclude: [NamePattern] = []
    /// What names begin with that were saved from a wrapped network; taken off.
    public var strippedPrefix = "module."

    /// None of it known.
    public init() {}

    /// Whether the caller has said that a convolution is transposed.
    func isTransposed(_ convolution: String) -> Bool {
        transposed?.contains { $0.matches(convolution) } ?? false
    }
}

/// How blocks are named, and by whom.
public enum Family: String, CaseIterable, Sendable {
    /// `rbr_dense`, `rbr_1x1`, `rbr_identity` (Ding et al., CVPR 2021), with or without squeeze-and-excitation.
    case repvgg
    /// `rbr_conv.0`, `rbr_scale`, `rbr_skip` (Vasu et al., CVPR 2023).
    case mobileone
    /// `square_conv`, `ver_conv`, `hor_conv` (Ding et al., ICCV 2019).
    case acnet
    /// `dbb_origin`, `dbb_1x1`, `dbb_1x1_kxk`, `dbb_avg` (Ding et al., CVPR 2021).
    case dbb
    /// `lkb_origin`, `small_conv` (Ding et al., CVPR 2022); `lk_origin`, `dil_conv_k5_1` (UniRepLKNet, CVPR 2024).
    case replknet
    /// A convolution or linear layer and the batch norm behind it.
    case convBN = "conv_bn"

    /// Whether the authors' deploy form of such a network keeps the plain pairs beside the blocks.
    var keepsPlainPairs: Bool { self == .acnet || self == .replknet }
}
