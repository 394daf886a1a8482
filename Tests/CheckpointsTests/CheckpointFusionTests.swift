// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

import Checkpoints

@Suite struct CheckpointFusionTests {
    @Test func pairIsScaled() throws {
        var checkpoint = SyntheticCheckpoint()
        checkpoint.add("conv.weight", Tensor(shape: [2, 1, 1, 1], [2, 3] as [Float]))
        checkpoint.add("bn.running_mean", Tensor(shape: [2], [1, 0] as [Float]))
        checkpoint.add("bn.running_var", Tensor(shape: [2], [4, 0.25] as [Float]))
        checkpoint.add("bn.weight", Tensor(shape: [2], [3, 2] as [Float]))
        checkpoint.add("bn.bias", Tensor(shape: [2], [10, 20] as [Float]))
        checkpoint.add("head", Tensor(shape: [3], [7, 8, 9] as [Float]))
        var options = CheckpointOptions()
        options.eps = [(NamePattern("*"), 0)]
        options.families = [.convBN]
        let (report, tensors, metadata) = try checkpoint.fused(options)
        #expect(tensors["conv.weight"]?.elements(of: Float.self) == [3, 12])
        #expect(tensors["conv.bias"]?.elements(of: Float.self) == [8.5, 20])
        #expect(tensors["head"]?.elements(of: Float.self) == [7, 8, 9])
        #expect(Set(tensors.keys) == ["conv.weight", "conv.bias", "head"])
        #expect(metadata["format"] == "pt")
        #expect(metadata["fused_by"] == "convserve test")
        #expect(metadata["source_sha256"] == report.sourceSHA256)
        #expect(metadata["fusion_report"] == report.json)
    }

    /// The digest of the file, by another implementation's word (NIST's example of FIPS 180-4).
    @Test func digest() {
        var hash = SHA256()
        for piece in ["a", "bc"] { Array(piece.utf8).withUnsafeBytes { hash.update($0) } }
        #expect(
            hash.digest() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func epsByPattern() throws {
        var checkpoint = SyntheticCheckpoint(), options = CheckpointOptions()
        for name in ["a", "b"] {
            checkpoint.layer(name + ".0", [4, 3, 3, 3])
            checkpoint.bn(name + ".1", 4)
        }
        options.eps = [(NamePattern("*"), 1e-3), (NamePattern("b.1"), 0.5)]
        let fused = try checkpoint.fused(options).report.fused
        #expect(fused.map { $0.eps.map(\.value) } == [[1e-3], [0.5]])
    }

    @Test func hardlyVaryingChannelsAreWarnedAbout() throws {
        var checkpoint = SyntheticCheckpoint()
        checkpoint.layer("conv", [4, 3, 3, 3])
        checkpoint.bn("bn", 4)
        checkpoint.replace("bn.running_var", with: Tensor(shape: [4], [1, 1e-12, 1, 1] as [Float]))
        let (report, _, metadata) = try checkpoint.fused()
        #expect(report.fused[0].warnings.count == 2, "\(report.fused[0].warnings)")
        #expect(report.fused[0].warnings[0].contains("channel 1"), "\(report.fused[0].warnings)")
        #expect(metadata["fusion_report"] == report.json)
    }
}
