// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization
import Testing

/// The largest difference relative to the largest element; NaN for a NaN or for unlike counts.
func relativeDifference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .nan }
    let scale = b.map(abs).max() ?? 0
    let gaps = zip(a, b).map { abs($0 - $1) }
    return gaps.contains(where: \.isNaN)
        ? .nan : (gaps.max() ?? 0) / max(scale, .leastNonzeroMagnitude)
}

@Suite("Fusion as PyTorch does it, in float64")
struct FusionPyTorchTests {
    /// A few roundings: PyTorch takes the reciprocal of the root first.
    static let tolerance = 1e-14

    static func differs(_ fused: FusedConvolution, _ expected: FusionFixture.Fused) -> Double {
        max(
            relativeDifference(fused.weight.elements(), expected.weight.data),
            relativeDifference(fused.bias.elements(), expected.bias.data))
    }

    @Test(arguments: FusionFixture.shared.layers)
    func weightsOfConvBN(_ layer: FusionFixture.Layer) throws {
        let fused = try Fusion.convBN(layer.convBN)
        #expect(fused.weight.shape == layer.weight.shape)
        #expect(fused.weight.dtype == .float64)
        #expect((layer.fused == nil) == (layer.transposed && layer.groups > 1))
        if let expected = layer.fused {
            #expect(Self.differs(fused, expected) <= Self.tolerance)
        }
    }

    @Test(arguments: FusionFixture.shared.layers)
    func outputsOfConvBN(_ layer: FusionFixture.Layer) throws {
        let fused = try Fusion.convBN(layer.convBN)
        let geometry = try ConvolutionGeometry(
            layer.transposed ? .transposed : .forward, spatialRank: layer.stride.count,
            input: layer.input.shape, weight: fused.weight.shape, bias: fused.bias.shape,
            options: layer.options)
        #expect(geometry.outputShape == layer.output.shape)
        let output = Convolve.reference(
            geometry, input: layer.input.tensor, weight: fused.weight, bias: fused.bias)
        #expect(relativeDifference(output, layer.output.data) <= Self.tolerance)
    }

    @Test(arguments: FusionFixture.shared.blocks)
    func weightsOfBlocks(_ block: FusionFixture.Block) throws {
        let fused = try Fusion.repVGG(block.block)
        #expect(fused.weight.shape == block.fused.weight.shape)
        #expect(Self.differs(fused, block.fused) <= Self.tolerance)
    }

    @Test(arguments: FusionFixture.shared.blocks)
    func outputsOfBlocks(_ block: FusionFixture.Block) throws {
        let fused = try Fusion.repVGG(block.block)
        var options = ConvolutionOptions()
        options.groups = block.groups
        options.stride = block.stride
        options.padding = .pairs(fused.centredPadding)
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: block.stride.count, input: block.input.shape,
            weight: fused.weight.shape, bias: fused.bias.shape, options: options)
        #expect(geometry.outputShape == block.output.shape)
        let output = Convolve.reference(
            geometry, input: block.input.tensor, weight: fused.weight, bias: fused.bias)
        #expect(relativeDifference(output, block.output.data) <= Self.tolerance)
    }
}
