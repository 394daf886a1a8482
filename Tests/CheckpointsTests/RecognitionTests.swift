// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

import Checkpoints

/// Which layers belong together, by names and shapes alone.
@Suite struct RecognitionTests {
    /// Layers as `name shape` for a convolution and `name channels` for a batch norm.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: [(String, [Int])]
        var options = CheckpointOptions()
        var fused: [String] = []
        var refused: [String] = []
    }

    private static func options(_ change: (inout CheckpointOptions) -> Void) -> CheckpointOptions {
        var options = CheckpointOptions()
        change(&options)
        return options
    }

    static let cases = [
        Case(
            testDescription: "torchvision's names",
            layers: [
                ("conv1", [8, 3, 3, 3]), ("bn1", [8]), ("layer1.0.conv1", [8, 8, 3, 3]),
                ("layer1.0.bn1", [8]), ("layer2.0.conv1", [16, 8, 3, 3]), ("layer2.0.bn1", [16]),
                ("layer2.0.downsample.0", [16, 8, 1, 1]), ("layer2.0.downsample.1", [16]),
                ("fc", [10, 16]),
            ], fused: ["conv1", "layer1.0.conv1", "layer2.0.conv1", "layer2.0.downsample.0"]),
        Case(
            testDescription:
                "pre-activation of one width, whose last norm is named like the first layer",
            layers: [
                ("conv1", [8, 3, 3, 3]), ("bn1", [8]), ("layer1.0.bn1", [8]),
                ("layer1.0.conv1", [8, 8, 3, 3]), ("layer1.0.bn2", [8]),
                ("layer1.0.conv2", [8, 8, 3, 3]),
            ], refused: ["conv1", "layer1.0.conv1", "layer1.0.conv2"]),
        Case(
            testDescription: "blocks elsewhere do not vouch for those that tell nothing",
            layers: [
                ("down.0.conv", [8, 3, 3, 3]), ("down.0.bn", [8]), ("body.0.bn", [8]),
                ("body.0.conv", [8, 8, 3, 3]),
            ], fused: ["down.0.conv"], refused: ["body.0.conv"]),
        Case(
            testDescription: "two layers of doubled channels, one channel in front",
            layers: [
                ("conv1", [32, 1, 5, 5]), ("bn1", [32]), ("conv2", [64, 32, 5, 5]), ("bn2", [64]),
                ("fc1", [128, 1600]), ("fc2", [10, 128]),
            ], fused: ["conv1", "conv2"]),
        Case(
            testDescription: "a batch norm behind something else",
            layers: [
                ("fc1", [20, 7]), ("bn3", [20]), ("fc3", [10, 30]), ("bn1", [20]), ("fc2", [5, 3]),
                ("bn2", [5]),
            ], fused: ["fc1", "fc2"], refused: ["fc3"]),
        Case(
            testDescription: "other words, and a batch norm in its convolution",
            layers: [
                ("conv1", [8, 3, 3, 3]), ("conv1.norm", [8]), ("a.c", [8, 3, 1, 1]), ("a.bn", [8]),
                ("conv_0", [8, 3, 1, 1]), ("batch_norm_0", [8]),
            ], fused: ["a.c", "conv1", "conv_0"]),
        Case(
            testDescription: "a decoder, whose last layer shows what it is",
            layers: [
                ("d.0", [16, 16, 3, 3]), ("d.1", [16]), ("d.3", [16, 3, 3, 3]), ("d.3.bias", [3]),
            ], refused: ["d.0"]),
        Case(
            testDescription: "MobileViT's layers in a row",
            layers: [
                ("b.conv_kxk.conv", [8, 3, 3, 3]), ("b.conv_kxk.bn", [8]),
                ("b.conv_1x1", [8, 8, 1, 1]),
            ], fused: ["b.conv_kxk.conv"]),
        Case(
            testDescription: "names without a number",
            layers: [("stem.conv", [8, 3, 3, 3]), ("stem.bn", [8])], fused: ["stem.conv"]),
        Case(
            testDescription: "timm's inverted residual",
            layers: [
                ("b.conv_pw", [24, 8, 1, 1]), ("b.bn1", [24]), ("b.conv_dw", [24, 1, 3, 3]),
                ("b.bn2", [24]), ("b.conv_pwl", [8, 24, 1, 1]), ("b.bn3", [8]),
            ], fused: ["b.conv_dw", "b.conv_pw", "b.conv_pwl"]),
        Case(
            testDescription: "timm's separable block",
            layers: [
                ("b.conv_dw", [8, 1, 3, 3]), ("b.bn1", [8]), ("b.conv_pw", [16, 8, 1, 1]),
                ("b.bn2", [16]),
            ], fused: ["b.conv_dw", "b.conv_pw"]),
        Case(
            testDescription: "linear layers",
            layers: [("fc1", [16, 8]), ("bn1", [16]), ("head.0", [8, 16]), ("head.1", [8])],
            fused: ["fc1", "head.0"]),
        Case(
            testDescription: "a prefix that wrapping left",
            layers: [("module.conv1", [8, 3, 3, 3]), ("module.bn1", [8])], fused: ["conv1"]),
        Case(
            testDescription: "pre-activation: one pair shows it for all",
            layers: [
                ("conv1", [8, 3, 3, 3]), ("b.bn1", [8]), ("b.conv1", [8, 8, 3, 3]),
                ("b.bn2", [8]), ("b.conv2", [16, 8, 3, 3]),
            ], refused: ["b.conv1", "b.conv2"]),
        Case(
            testDescription: "a DenseNet's names",
            layers: [
                ("d.norm1", [24]), ("d.conv1", [32, 24, 1, 1]), ("d.norm2", [32]),
                ("d.conv2", [8, 32, 3, 3]),
            ], refused: ["d.conv1", "d.conv2"]),
        Case(
            testDescription: "nothing shows the order",
            layers: [("b.conv1", [8, 8, 3, 3]), ("b.bn1", [8])], refused: ["b.conv1"]),
        Case(
            testDescription: "nothing shows the order, and the caller says it",
            layers: [("b.conv1", [8, 8, 3, 3]), ("b.bn1", [8])],
            options: options { $0.families = [.convBN] }, fused: ["b.conv1"]),
        Case(
            testDescription: "an even kernel may be transposed",
            layers: [("d.0", [8, 8, 2, 2]), ("d.1", [8])], refused: ["d.0"]),
        Case(
            testDescription: "an even kernel that the caller says is not",
            layers: [("d.0", [8, 8, 2, 2]), ("d.1", [8])],
            options: options { $0.transposed = [] }, fused: ["d.0"]),
        Case(
            testDescription: "a name may say transposed",
            layers: [("up.0", [8, 8, 3, 3]), ("up.1", [8])], refused: ["up.0"]),
        Case(
            testDescription: "one that must be transposed casts doubt on others",
            layers: [
                ("d.0", [8, 4, 3, 3]), ("d.1", [4]), ("d.3", [4, 4, 3, 3]), ("d.4", [4]),
                ("e.0", [8, 3, 3, 3]), ("e.1", [8]),
            ], fused: ["e.0"], refused: ["d.0", "d.3"]),
        Case(
            testDescription: "the transposed ones listed",
            layers: [
                ("d.0", [8, 4, 3, 3]), ("d.1", [4]), ("d.3", [4, 4, 3, 3]), ("d.4", [4]),
                ("e.0", [8, 3, 3, 3]), ("e.1", [8]),
            ], options: options { $0.transposed = [NamePattern("d.*")] },
            fused: ["d.0", "d.3", "e.0"]),
        Case(
            testDescription: "two candidates",
            layers: [("conv1", [8, 3, 3, 3]), ("fc1", [8, 5]), ("bn1", [8])], refused: ["bn1"]),
        Case(
            testDescription: "two candidates, one told",
            layers: [("conv1", [8, 3, 3, 3]), ("fc1", [8, 5]), ("bn1", [8])],
            options: options { $0.pairs = [("fc1", "bn1")] }, fused: ["fc1"]),
        Case(
            testDescription: "excluded",
            layers: [
                ("conv1", [8, 3, 3, 3]), ("bn1", [8]), ("conv2", [4, 8, 3, 3]), ("bn2", [4]),
            ], options: options { $0.exclude = [NamePattern("conv2")] }, fused: ["conv1"]),
        Case(
            testDescription: "RepVGG",
            layers: [
                ("s.rbr_dense.conv", [8, 4, 3, 3]), ("s.rbr_dense.bn", [8]),
                ("s.rbr_1x1.conv", [8, 4, 1, 1]), ("s.rbr_1x1.bn", [8]), ("s.rbr_identity", [8]),
            ], fused: ["s"]),
        Case(
            testDescription: "RepVGG with a branch that nobody knows",
            layers: [
                ("s.rbr_dense.conv", [8, 4, 3, 3]), ("s.rbr_dense.bn", [8]), ("s.rbr_avg.bn", [8]),
            ], refused: ["s"]),
        Case(
            testDescription: "RepVGG that is fused already, beside its branches",
            layers: [
                ("s.rbr_dense.conv", [8, 4, 3, 3]), ("s.rbr_dense.bn", [8]),
                ("s.rbr_reparam", [8, 4, 3, 3]),
            ], refused: ["s"]),
        Case(
            testDescription: "RepLKNet keeps its pairs",
            layers: [
                ("l.lkb_origin.conv", [8, 1, 7, 7]), ("l.lkb_origin.bn", [8]),
                ("l.small_conv.conv", [8, 1, 3, 3]), ("l.small_conv.bn", [8]),
                ("pw.conv", [4, 8, 1, 1]), ("pw.bn", [4]),
            ], fused: ["l"]),
        Case(
            testDescription: "RepLKNet and its pairs",
            layers: [
                ("l.lkb_origin.conv", [8, 1, 7, 7]), ("l.lkb_origin.bn", [8]),
                ("pw.conv", [4, 8, 1, 1]), ("pw.bn", [4]),
            ], options: options { $0.families = [.replknet, .convBN] }, fused: ["l", "pw.conv"]),
    ]

    @Test(arguments: cases) func finds(_ row: Case) throws {
        var checkpoint = SyntheticCheckpoint()
        for (name, shape) in row.layers {
            if name.hasSuffix(".bias") {
                checkpoint.add(name, Tensor(shape: shape, [Float](repeating: 1, count: shape[0])))
            } else if shape.count == 1 {
                checkpoint.bn(name, shape[0])
            } else {
                checkpoint.layer(name, shape)
            }
        }
        let report = try checkpoint.fused(row.options).report
        #expect(report.fused.map(\.block).sorted() == row.fused)
        #expect(report.refused.map(\.block).sorted() == row.refused)
        let named =
            report.fused.flatMap(\.from) + report.refused.flatMap(\.tensors) + report.kept
            + report.dropped
        #expect(named.sorted() == checkpoint.tensors.map(\.name).sorted())
    }

    @Test func numbersAreOrderedByValue() throws {
        var checkpoint = SyntheticCheckpoint()
        for layer in ["layer10", "layer2", "layer1"] {
            checkpoint.layer(layer + ".conv", [8, 3, 3, 3])
            checkpoint.bn(layer + ".bn", 8)
        }
        let blocks = try checkpoint.fused().report.fused.map(\.block)
        #expect(blocks == ["layer1.conv", "layer2.conv", "layer10.conv"])
    }
}
