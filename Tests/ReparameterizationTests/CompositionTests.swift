// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization
import Testing

@Suite("Composition: layers behind, beside and within each other equal one convolution")
struct CompositionTests {
    /// Numbers that are the same every time.
    private static func tensor(_ shape: [Int], _ seed: Int) -> Tensor {
        let values = (0..<shape.reduce(1, *)).map {
            Double(($0 * 7919 + seed * 104_729) % 211) / 100 - 1
        }
        return Tensor(shape: shape, values)
    }

    private static func batchNorm(_ channels: Int, _ seed: Int) -> BatchNorm {
        func values(_ offset: Double) -> [Double] {
            tensor([channels], seed + Int(offset * 10)).elements(of: Double.self).map {
                $0 / 2 + offset
            }
        }
        return BatchNorm(
            weight: values(1.5), bias: values(0.3), runningMean: values(-0.2),
            runningVar: values(1.1), eps: 1e-3)
    }

    @Test(arguments: 1...3, [(1, 1), (2, 4), (4, 2), (8, 1), (1, 8), (8, 8)])
    func sequences(rank: Int, groups: (first: Int, second: Int)) throws {
        for (kernels, strides, dilation, padding) in [
            ((1, 3), (1, 1), 1, 0), ((3, 1), (2, 1), 2, 2), ((2, 2), (2, 3), 1, 1),
        ] {
            let first = SequentialLayer(
                weight: Self.tensor(
                    [8, 8 / groups.first] + Array(repeating: kernels.0, count: rank), 1),
                bias: Self.tensor([8], 2), bn: Self.batchNorm(8, 3), stride: [strides.0],
                padding: [padding], dilation: [dilation], groups: groups.first)
            let second = SequentialLayer(
                weight: Self.tensor(
                    [16, 8 / groups.second] + Array(repeating: kernels.1, count: rank), 4),
                bn: Self.batchNorm(16, 5), stride: [strides.1], dilation: [2],
                groups: groups.second)
            let block = SequentialBlock(layers: [first, second])
            let fused = try Fusion.sequential(block)
            let report = try Verification.run(
                block, fused: fused, probe: .noise(size: [13], seed: 1))
            #expect(report.maxRelDiff < 1e-12)
            #expect(fused.placement?.stride == Array(repeating: strides.0 * strides.1, count: rank))
            #expect(fused.placement?.padding == Array(repeating: padding, count: rank))
        }
    }

    /// Groups that both have stay.
    @Test func groupsThatBothHaveStay() throws {
        for (first, second, both) in [(4, 2, 2), (8, 1, 1), (4, 4, 4), (3, 1, 1)] {
            let channels = first == 3 ? 6 : 8
            let block = SequentialBlock(layers: [
                .init(weight: Self.tensor([channels, channels / first, 1], 1), groups: first),
                .init(weight: Self.tensor([channels, channels / second, 1], 2), groups: second),
            ])
            let fused = try Fusion.sequential(block)
            #expect(fused.placement?.groups == both)
            #expect(fused.weight.shape == [channels, channels / both, 1])
        }
    }

    /// Whole numbers: `(2x + 1)·3 + (…)` by hand.
    @Test func byHand() throws {
        let block = SequentialBlock(layers: [
            .init(
                weight: Tensor(shape: [1, 1, 2], [1.0, 2]), bias: Tensor(shape: [1], [10.0]),
                stride: [2]),
            .init(weight: Tensor(shape: [1, 1, 2], [3.0, 5]), bias: Tensor(shape: [1], [1.0])),
        ])
        let fused = try Fusion.sequential(block)
        #expect(fused.weight.elements(of: Double.self) == [3, 6, 5, 10])
        #expect(fused.bias.elements(of: Double.self) == [81])
        #expect(fused.placement == .init(stride: [2], padding: [0], groups: 1))
    }

    @Test(arguments: 1...3, [1, 2, 4])
    func batchNormsInFront(rank: Int, groups: Int) throws {
        for (padding, border) in [(0, BNConv.Border.refused), (2, .paddingValue)] {
            let layer = BNConv(
                bn: Self.batchNorm(8, 1),
                weight: Self.tensor([4, 8 / groups] + Array(repeating: 3, count: rank), 2),
                bias: Self.tensor([4], 3), groups: groups, padding: [padding], border: border)
            let fused = try Fusion.bnConv(layer)
            #expect((fused.paddingValue != nil) == (padding > 0))
            let report = try Verification.run(
                layer, fused: fused, probe: .noise(size: [7], seed: 1))
            #expect(report.maxRelDiff < 1e-12)
        }
    }

    /// Zeros in place of the padding value are told.
    @Test func zerosInPlaceOfThePaddingValueAreNotClose() throws {
        let layer = BNConv(
            bn: Self.batchNorm(2, 1), weight: Self.tensor([3, 2, 3], 2), bias: nil, padding: [1],
            border: .paddingValue)
        let fused = try Fusion.bnConv(layer)
        let wrong = FusedConvolution(weight: fused.weight, bias: fused.bias)
        #expect(try !Verification.run(layer, fused: wrong).allClose)
    }

    @Test func concatenatedBranches() throws {
        let block = ConcatBlock(branches: [
            Branch(
                .conv(weight: Self.tensor([3, 4, 3, 3], 1), bias: Self.tensor([3], 2)),
                bn: Self.batchNorm(3, 3)),
            Branch(.conv(weight: Self.tensor([5, 4, 2, 3], 4), bias: nil, dilation: [2, 1])),
            Branch(.averagePool(kernelSize: [3]), bn: Self.batchNorm(4, 5)), Branch(.identity),
        ])
        let fused = try Fusion.concat(block)
        #expect(fused.weight.shape == [16, 4, 3, 3])
        let report = try Verification.run(block, fused: fused)
        #expect(report.maxRelDiff < 1e-13 && report.allClose)
        #expect(report.fusedMultiplyAccumulates == 16 * 4 * 9 * 1024)
    }

    @Test(arguments: [KernelChange.Kind.dense(dilation: [3]), .padded(kernelSize: [7])])
    func largerKernels(_ kind: KernelChange.Kind) throws {
        let change = KernelChange(
            weight: Self.tensor([4, 2, 3, 3], 1), bias: Self.tensor([4], 2), groups: 2, kind)
        let fused = try Fusion.kernel(change)
        #expect(fused.weight.shape == [4, 2, 7, 7])
        let report = try Verification.run(change, fused: fused)
        #expect(report.maxRelDiff < 1e-13)
        #expect(report.fusedMultiplyAccumulates == 49 * report.unfusedMultiplyAccumulates / 9)
    }

    @Test(arguments: [1, 2, 4])
    func layersWithoutWeights(groups: Int) throws {
        for (kind, size) in [
            (KernelOfLayer.Kind.identity, [3, 1]), (.averagePool(divisor: nil), [2, 3]),
            (.averagePool(divisor: 7), [4]),
        ] {
            let layer = KernelOfLayer(
                kind, channels: 4, groups: groups, kernelSize: size, dtype: .float64)
            let report = try Verification.run(layer, fused: Fusion.kernel(of: layer))
            #expect(report.maxRelDiff < 1e-14)
        }
    }
}
