// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

import Checkpoints

/// What no network can be is an error that names the tensor.
@Suite struct CheckpointErrorTests {
    private func pair() -> SyntheticCheckpoint {
        var checkpoint = SyntheticCheckpoint()
        checkpoint.layer("conv1", [4, 3, 3, 3])
        checkpoint.bn("bn1", 4)
        return checkpoint
    }

    private func error(
        _ checkpoint: SyntheticCheckpoint, _ options: CheckpointOptions = CheckpointOptions()
    ) throws -> CheckpointError {
        try #require(throws: CheckpointError.self) { try checkpoint.fused(options) }
    }

    @Test(arguments: [-1.0, .nan, .infinity]) func variance(_ value: Float) throws {
        var checkpoint = pair()
        checkpoint.replace("bn1.running_var", with: Tensor(shape: [4], [1, 2, value, 1]))
        let error = try error(checkpoint)
        #expect(error.subject == .tensor("bn1.running_var"))
        #expect(error.reason.hasPrefix("its element 2 is "), "\(error.reason)")
    }

    @Test func zeroVarianceAndEps() throws {
        var checkpoint = pair(), options = CheckpointOptions()
        checkpoint.replace("bn1.running_var", with: Tensor(shape: [4], [1, 2, 0, 1] as [Float]))
        #expect(try checkpoint.fused(options).report.fused.count == 1)
        options.eps = [(NamePattern("*"), 0)]
        #expect(try error(checkpoint, options).subject == .tensor("bn1.running_var"))
    }

    @Test func unlikeLengths() throws {
        var checkpoint = pair()
        checkpoint.replace("bn1.bias", with: Tensor(shape: [5], [1, 2, 3, 4, 5] as [Float]))
        #expect(try error(checkpoint).subject == .tensor("bn1.bias"))
        checkpoint = SyntheticCheckpoint()
        for (block, channels) in [(0, 4), (1, 7)] {
            checkpoint.layer("layer.\(block).conv1", [4, 3, 3, 3])
            checkpoint.bn("layer.\(block).bn1", channels)
        }
        #expect(try error(checkpoint).subject == .tensor("layer.1.bn1.running_mean"))
    }

    @Test func beyondTheDType() throws {
        var checkpoint = SyntheticCheckpoint()
        checkpoint.layer("conv1", [4, 3, 1, 1])
        checkpoint.bn("bn1", 4)
        checkpoint.replace(
            "bn1.weight", with: Tensor(shape: [4], [1, 1, 1, Float.greatestFiniteMagnitude]))
        checkpoint.replace("bn1.running_var", with: Tensor(shape: [4], [1, 1, 1, 0] as [Float]))
        let error = try error(checkpoint)
        #expect(error.subject == .tensor("conv1.weight"))
        #expect(error.reason.contains("not finite in float32"), "\(error.reason)")
    }

    /// 1 x n beside n x 1, and taps far apart, would be one weight that no machine holds.
    @Test func sizesThatOverflow() throws {
        var checkpoint = SyntheticCheckpoint()
        checkpoint.layer("lk_origin", [4, 1, 3, 3])
        checkpoint.bn("origin_bn", 4)
        checkpoint.layer("dil_conv_k3_999999999", [4, 1, 3, 3])
        checkpoint.bn("dil_bn_k3_999999999", 4)
        #expect(try error(checkpoint).subject == .tensor("lk_origin.weight"))
        checkpoint = SyntheticCheckpoint()
        for (index, shape) in [[1, 1, 20_001, 1], [1, 1, 1, 20_001]].enumerated() {
            checkpoint.layer("a.rbr_conv.\(index).conv", shape)
            checkpoint.bn("a.rbr_conv.\(index).bn", 1)
        }
        #expect(try error(checkpoint).subject == .tensor("a.rbr_conv.0.conv.weight"))
    }

    @Test func twoBlocksThatWouldHaveOneName() throws {
        var checkpoint = SyntheticCheckpoint()
        for branch in ["conv_kxk.0", "large_conv", "small_conv"] {
            checkpoint.layer("a.\(branch).conv", [4, 4, 3, 3])
            checkpoint.bn("a.\(branch).bn", 4)
        }
        #expect(try error(checkpoint).subject == .tensor("a.reparam_conv.weight"))
    }

    @Test func namesOfManyDots() throws {
        var checkpoint = pair()
        checkpoint.layer(String(repeating: "a.", count: 100) + "conv", [1, 1, 1, 1])
        guard case .tensor = try error(checkpoint).subject else {
            Issue.record("another error")
            return
        }
    }

    @Test func nothingToFuse() throws {
        var checkpoint = SyntheticCheckpoint()
        checkpoint.layer("fc", [4, 3])
        #expect(try error(checkpoint).subject == .checkpoint)
    }

    @Test func patternsThatMatchNothing() throws {
        for (name, change) in [
            ("eps", { $0.eps = [(NamePattern("bm1"), 1e-3)] }),
            ("groups", { $0.groups = [(NamePattern("conv1"), 2)] }),
            ("transposed", { $0.transposed = [NamePattern("up")] }),
            ("exclude", { $0.exclude = [NamePattern("stem.*")] }),
            ("pairs", { $0.pairs = [("conv1", "bn2")] }),
        ] as [(String, (inout CheckpointOptions) -> Void)] {
            var options = CheckpointOptions()
            change(&options)
            #expect(try error(pair(), options).subject == .option(name))
        }
    }

    @Test func sharedByTwoPairs() throws {
        var checkpoint = pair(), options = CheckpointOptions()
        checkpoint.layer("conv2", [4, 3, 3, 3])
        options.pairs = [("conv1", "bn1"), ("conv2", "bn1")]
        #expect(try error(checkpoint, options).subject == .option("pairs"))
    }

    @Test func prefixThatMakesTwoNamesOne() throws {
        var checkpoint = pair()
        checkpoint.layer("module.conv1", [4, 3, 3, 3])
        #expect(try error(checkpoint).subject == .tensor("module.conv1.weight"))
        var options = CheckpointOptions()
        options.strippedPrefix = ""
        #expect(try checkpoint.fused(options).report.kept == ["module.conv1.weight"])
    }

    @Test func damagedFile() throws {
        let bytes = Array(pair().bytes.dropLast(3))
        let error = try #require(throws: CheckpointError.self) {
            try bytes.withUnsafeBytes {
                _ = try CheckpointFusion(
                    MemorySource($0), CheckpointOptions(), fusedBy: "convserve test")
            }
        }
        guard case .file = error.subject else { Issue.record("\(error)"); return }
    }
}
