// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import Reparameterization

/// PyTorch's layers and answers; Fixtures/fusion.py made them.
struct FusionFixture: Decodable {
    struct Elements: Decodable {
        let shape: [Int]
        let data: [Double]
        var tensor: Tensor { Tensor(shape: shape, data) }
    }

    struct Fused: Decodable {
        let weight, bias: Elements
    }

    struct Norm: Decodable {
        let weight, bias, runningMean, runningVar: [Double]?
        let eps: Double
        var batchNorm: BatchNorm {
            BatchNorm(
                weight: weight, bias: bias, runningMean: runningMean, runningVar: runningVar,
                eps: eps)
        }
    }

    struct Layer: Decodable {
        let name: String
        let groups: Int
        let transposed: Bool
        let weight: Elements
        let bias: Elements?
        let bn: Norm
        let stride, padding, dilation: [Int]
        let input, output: Elements
        let fused: Fused?
    }

    struct Member: Decodable {
        let kind: String
        let weight, bias: Elements?
        let kernelSize: [Int]?
        let bn: Norm?

        var branch: Branch {
            let kind: Branch.Kind =
                switch kind {
                case "conv": .conv(weight: weight!.tensor, bias: bias?.tensor)
                case "identity": .identity
                default: .averagePool(kernelSize: kernelSize!)
                }
            return Branch(kind, bn: bn?.batchNorm)
        }
    }

    struct Block: Decodable {
        let name: String
        let groups: Int
        let stride: [Int]
        let branches: [Member]
        let input, output: Elements
        let fused: Fused
    }

    let layers: [Layer]
    let blocks: [Block]

    static let shared = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = folder.appendingPathComponent("../Fixtures/fusion.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try! decoder.decode(FusionFixture.self, from: Data(contentsOf: file))
    }()
}

extension FusionFixture.Layer {
    var convBN: ConvBN {
        ConvBN(
            weight: weight.tensor, bias: bias?.tensor, bn: bn.batchNorm, groups: groups,
            transposed: transposed)
    }

    var options: ConvolutionOptions {
        var options = ConvolutionOptions()
        options.groups = groups
        options.stride = stride
        options.padding = .symmetric(padding)
        options.dilation = dilation
        return options
    }
}

extension FusionFixture.Block {
    var block: RepVGGBlock {
        RepVGGBlock(branches: branches.map(\.branch), groups: groups, stride: stride)
    }
}

/// A layer or block whose name heads the test.
extension FusionFixture.Layer: CustomStringConvertible {
    var description: String { name }
}

extension FusionFixture.Block: CustomStringConvertible {
    var description: String { name }
}
