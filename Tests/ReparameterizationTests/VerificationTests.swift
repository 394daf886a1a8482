// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization
import Testing

@Suite("Verification: fused = sum of branches")
struct VerificationTests {
    @Test(arguments: FusionFixture.shared.blocks)
    func blocksEqualTheirBranches(_ fixture: FusionFixture.Block) throws {
        let block = fixture.block
        let report = try Verification.run(block, fused: Fusion.repVGG(block))
        #expect(report.allClose)
        #expect(report.maxRelDiff < 1e-13)
        #expect(report.maxAbsDiff > 0 || block.branches.allSatisfy { $0.bn == nil })
        #expect(report.unfusedMilliseconds > 0 && report.fusedMilliseconds > 0)
    }

    @Test(arguments: FusionFixture.shared.layers)
    func layersEqualTheirParts(_ fixture: FusionFixture.Layer) throws {
        let layer = fixture.convBN
        let report = try Verification.run(layer, fused: Fusion.convBN(layer))
        #expect(report.allClose && report.maxRelDiff < 1e-13)
    }

    @Test func float32EqualsWithinRounding() throws {
        let fixture = FusionFixture.shared.blocks[0]
        let branches = fixture.branches.map { member in
            guard let weight = member.weight else { return member.branch }
            let narrow = Tensor(shape: weight.shape, weight.data.map(Float.init))
            return Branch(.conv(weight: narrow, bias: nil), bn: member.bn?.batchNorm)
        }
        let block = RepVGGBlock(branches: branches)
        let report = try Verification.run(block, fused: Fusion.repVGG(block))
        #expect(report.allClose && report.maxRelDiff < 1e-5 && report.maxRelDiff > 0)
    }

    /// A weight that is off by little is told.
    @Test(arguments: [0, 1])
    func wrongWeightsAreNotClose(place: Int) throws {
        let layer = FusionFixture.shared.layers[0].convBN
        let fused = try Fusion.convBN(layer)
        var weight: [Double] = fused.weight.elements()
        var bias: [Double] = fused.bias.elements()
        if place == 0 { weight[0] += 0.01 } else { bias[0] += 0.01 }
        let wrong = FusedConvolution(
            weight: Tensor(shape: fused.weight.shape, weight),
            bias: Tensor(shape: fused.bias.shape, bias))
        let report = try Verification.run(layer, fused: wrong)
        #expect(!report.allClose && report.maxAbsDiff > 1e-3)
    }

    @Test func aNaNIsNotClose() throws {
        let layer = FusionFixture.shared.layers[0].convBN
        let input = Tensor(shape: [1, 2, 5], [Double](repeating: .nan, count: 10))
        let report = try Verification.run(
            layer, fused: Fusion.convBN(layer), probe: .given(input))
        #expect(!report.allClose && report.maxAbsDiff.isNaN && report.maxRelDiff.isNaN)
    }

    @Test func givenInputsAndSizes() throws {
        let fixture = FusionFixture.shared.blocks[0]
        let fused = try Fusion.repVGG(fixture.block)
        for probe in [
            .given(fixture.input.tensor), .noise(size: [7], seed: 1),
            .noise(size: [2, 9], seed: 2),
            .given(Tensor(shape: [0, 3, 4, 4], [Double]())),
        ] as [ProbeInput] {
            let report = try Verification.run(fixture.block, fused: fused, probe: probe)
            #expect(report.allClose)
        }
    }

    @Test func noiseIsTheSameEveryTime() throws {
        let block = FusionFixture.shared.blocks[1].block
        let fused = try Fusion.repVGG(block)
        let first = try Verification.run(block, fused: fused)
        let second = try Verification.run(block, fused: fused)
        #expect(first.maxAbsDiff == second.maxAbsDiff && first.maxRelDiff == second.maxRelDiff)
    }

    /// The given convolution runs everything: three convolutions of the block and the fused one.
    @Test func runsWhatItIsGiven() throws {
        let block = FusionFixture.shared.blocks[0].block
        var shapes: [[Int]] = []
        let report = try Verification.run(block, fused: Fusion.repVGG(block)) {
            geometry, input, weight, bias throws(ConvolutionError) in
            shapes.append(geometry.weightShape)
            return try Convolve.run(geometry, input: input, weight: weight, bias: bias)
        }
        #expect(report.allClose)
        #expect(shapes.prefix(3) == [[3, 3, 3, 3], [3, 3, 1, 1], [3, 3, 3, 3]])
    }
}
