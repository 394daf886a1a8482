// SPDX-License-Identifier: Apache-2.0

/// How one family names the layers of a block whose outputs are added; `#` is any number.
///
/// Sources: the authors' repositories (DingXiaoH/RepVGG `repvgg.py`, apple/ml-mobileone `mobileone.py`, DingXiaoH/ACNet
/// `acb.py`, DingXiaoH/RepLKNet-pytorch `replknet.py`), and timm (`byobnet.py`, `fastvit.py`), which names the same
/// blocks in its own way.
struct BlockNaming {
    /// A convolution and its batch norm, below the block.
    struct Layer {
        let convolution, batchNorm: String

        /// Modules `name.conv` and `name.bn`.
        static func named(_ name: String) -> Layer {
            Layer(convolution: name + ".conv", batchNorm: name + ".bn")
        }

        /// The two of a `Sequential`.
        static func numbered(_ name: String) -> Layer {
            Layer(convolution: name + ".0", batchNorm: name + ".1")
        }

        /// Modules side by side.
        static func beside(_ name: String) -> Layer {
            Layer(convolution: name + "_conv", batchNorm: name + "_bn")
        }
    }

    let family: Family
    /// The first is in every block of the kind.
    let layers: [Layer]
    /// A batch norm of the input itself.
    var identity: String?
    /// What the one convolution is called.
    let target: String
    /// What the names of all branches begin with, so that one more is noticed; empty for nothing of the kind.
    var prefix = ""
    /// Whether a block is one only with all of its layers: others use some of the names for layers in a row (MobileViT has
    /// a `conv_kxk` and a `conv_1x1` behind it).
    var needsAll = false

    static let all = [
        BlockNaming(
            family: .repvgg, layers: [.named("rbr_dense"), .named("rbr_1x1")],
            identity: "rbr_identity", target: "rbr_reparam", prefix: "rbr_"),
        BlockNaming(
            family: .repvgg, layers: [.numbered("rbr_dense"), .numbered("rbr_1x1")],
            identity: "rbr_identity", target: "rbr_reparam", prefix: "rbr_"),
        BlockNaming(
            family: .repvgg, layers: [.named("conv_kxk"), .named("conv_1x1")],
            identity: "identity", target: "reparam_conv", needsAll: true),
        BlockNaming(
            family: .mobileone, layers: [.named("rbr_conv.#"), .named("rbr_scale")],
            identity: "rbr_skip", target: "reparam_conv", prefix: "rbr_"),
        BlockNaming(
            family: .mobileone, layers: [.named("conv_kxk.#"), .named("conv_scale")],
            identity: "identity", target: "reparam_conv"),
        BlockNaming(
            family: .acnet, layers: [.beside("square"), .beside("ver"), .beside("hor")],
            target: "fused_conv"),
        BlockNaming(
            family: .replknet, layers: [.named("lkb_origin"), .named("small_conv")],
            target: "lkb_reparam", prefix: "lkb_"),
        BlockNaming(
            family: .replknet, layers: [.named("large_conv"), .named("small_conv")],
            target: "reparam_conv", needsAll: true),
    ]
}
