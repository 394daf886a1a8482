// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization
import Testing

/// Small whole numbers and powers of two: nothing rounds, so results are compared with ==.
@Suite("Fusion, exactly")
struct FusionExactTests {
    static func counting(_ shape: [Int], from first: Int = 1) -> Tensor {
        Tensor(shape: shape, (0..<shape.reduce(1, *)).map { Double(first + $0) })
    }

    /// Scales 1, 2, 4 ... exactly: γ = 2^(c+1), σ² + ε = 4.
    static func powers(_ channels: Int) -> BatchNorm {
        BatchNorm(
            weight: (0..<channels).map { Double(2 << $0) },
            bias: (0..<channels).map { Double(10 * $0) },
            runningMean: (0..<channels).map { Double($0 + 1) },
            runningVar: Array(repeating: 4, count: channels), eps: 0)
    }

    @Test func convBNByHand() throws {
        let fused = try Fusion.convBN(
            ConvBN(
                weight: Tensor(shape: [2, 1, 2], [1.0, 2, 3, 4]),
                bias: Tensor(shape: [2], [5.0, 6]), bn: Self.powers(2)))
        #expect(fused.weight.elements() == [1.0, 2, 6, 8])
        #expect(fused.bias.elements() == [4.0, 18])
    }

    /// Groups of a transposed weight share dimension 1: rows 0, 1 make channels 0, 1; rows 2, 3
    /// make channels 2, 3.
    @Test func groupedTransposedByHand() throws {
        let fused = try Fusion.convBN(
            ConvBN(
                weight: Tensor(shape: [4, 2, 1], [Double](repeating: 1, count: 8)), bias: nil,
                bn: Self.powers(4), groups: 2, transposed: true))
        #expect(fused.weight.elements() == [1, 2, 1, 2, 4, 8, 4, 8] as [Double])
        #expect(fused.bias.elements() == [-1, 6, 8, -2] as [Double])
    }

    @Test func repVGGByHand() throws {
        let fused = try Fusion.repVGG(
            RepVGGBlock(branches: [
                Branch(
                    .conv(weight: Self.counting([2, 2, 3]), bias: Tensor(shape: [2], [1.0, 2]))),
                Branch(.conv(weight: Self.counting([2, 2, 1], from: 100), bias: nil)),
                Branch(.identity, bn: Self.powers(2)),
            ]))
        // Taps of 3 + the middle one of 1, and + 1 or 2 where o = i.
        let weight: [Double] = [1, 103, 3, 4, 106, 6, 7, 110, 9, 10, 116, 12]
        #expect(fused.weight.elements() == weight)
        #expect(fused.bias.elements() == [0, 8] as [Double])
        #expect(fused.centredPadding == [[1, 1]])
    }

    @Test func identityOfEachGroup() throws {
        let zero = Tensor(shape: [4, 2, 1, 1], [Double](repeating: 0, count: 8))
        let fused = try Fusion.repVGG(
            RepVGGBlock(
                branches: [Branch(.conv(weight: zero, bias: nil)), Branch(.identity)], groups: 2))
        #expect(fused.weight.elements() == [1, 0, 0, 1, 1, 0, 0, 1] as [Double])
    }

    /// 3×1 and 1×3 make the 3×3 that neither contains.
    @Test func asymmetricKernelsCross() throws {
        let fused = try Fusion.repVGG(
            RepVGGBlock(branches: [
                Branch(.conv(weight: Tensor(shape: [1, 1, 3, 1], [1.0, 2, 3]), bias: nil)),
                Branch(.conv(weight: Tensor(shape: [1, 1, 1, 3], [10.0, 20, 30]), bias: nil)),
            ]))
        #expect(fused.weight.shape == [1, 1, 3, 3])
        #expect(fused.weight.elements() == [0, 1, 0, 10, 22, 30, 0, 3, 0] as [Double])
    }

    @Test func evenKernelsOfEvenDifferenceAreCentred() throws {
        let fused = try Fusion.repVGG(
            RepVGGBlock(branches: [
                Branch(.conv(weight: Tensor(shape: [1, 1, 4], [1.0, 1, 1, 1]), bias: nil)),
                Branch(.averagePool(kernelSize: [2])),
            ]))
        #expect(fused.weight.elements() == [1.0, 1.5, 1.5, 1])
        #expect(fused.centredPadding == [[1, 2]])
    }

    @Test func withoutBatchNormOneBranchIsItself() throws {
        let weight = Self.counting([3, 2, 3, 1, 5])
        let bias = Self.counting([3])
        let fused = try Fusion.repVGG(
            RepVGGBlock(branches: [Branch(.conv(weight: weight, bias: bias))], groups: 1))
        #expect(fused.weight.elements() == weight.elements(of: Double.self))
        #expect(fused.bias.elements() == bias.elements(of: Double.self))
    }

    /// The float32 result is the double one rounded once.
    @Test func float32IsRoundedOnce() throws {
        let weights = (0..<18).map { Float(spread(Double($0) - 8.5)) }
        let bn = BatchNorm(
            weight: [0.1, 0.2, 0.3], bias: [1, -1, 0.7], runningMean: [0.3, 0.1, -0.2],
            runningVar: [0.01, 2, 77])
        let narrow = try Fusion.convBN(
            ConvBN(weight: Tensor(shape: [3, 2, 3], weights), bias: nil, bn: bn))
        let wide = try Fusion.convBN(
            ConvBN(weight: Tensor(shape: [3, 2, 3], weights.map(Double.init)), bias: nil, bn: bn))
        #expect(narrow.weight.dtype == .float32)
        #expect(narrow.weight.elements() == wide.weight.elements().map { Float($0 as Double) })
        #expect(narrow.bias.elements() == wide.bias.elements().map { Float($0 as Double) })
    }

    /// 2^24 + 1 is no float32, so a sum in float32 would lose both ones.
    @Test func sumInFloat32IsTheSumInDouble() throws {
        let large: Float = 16_777_216
        let one = Tensor(shape: [1, 1, 1], [Float(1)])
        let fused = try Fusion.repVGG(
            RepVGGBlock(branches: [
                Branch(.conv(weight: Tensor(shape: [1, 1, 1], [large]), bias: nil)),
                Branch(.conv(weight: one, bias: nil)), Branch(.conv(weight: one, bias: nil)),
            ]))
        #expect(fused.weight.elements() == [large + 2])
    }
}

/// Numbers of many magnitudes and both signs, with all bits in use.
private func spread(_ x: Double) -> Double { x * x * x / 7 + x / 3 }
