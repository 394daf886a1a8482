// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import TestSupport
import Testing

/// PyTorch's answers for whole numbers, which are exact; Fixtures/convolution.py made them.
private struct PyTorchRow: Decodable {
    enum Padding: Decodable {
        case amounts([Int])
        case word(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let word = try? container.decode(String.self) {
                self = .word(word)
            } else {
                self = .amounts(try container.decode([Int].self))
            }
        }
    }

    let operation: String
    let input, weight, shape: [Int]
    let groups: Int
    let stride, dilation, output_padding: [Int]?
    let padding: Padding?
    let output: [Double]

    var isTransposed: Bool { operation.hasPrefix("conv_transpose") }
    var outputChannels: Int { isTransposed ? weight[1] * groups : weight[0] }

    var geometry: ConvolutionGeometry {
        get throws {
            var options = ConvolutionOptions()
            options.stride = stride ?? []
            options.dilation = dilation ?? []
            options.outputPadding = output_padding ?? []
            options.groups = groups
            switch padding {
            case .amounts(let amounts): options.padding = .symmetric(amounts)
            case .word: options.padding = .same
            case nil: break
            }
            return try ConvolutionGeometry(
                isTransposed ? .transposed : .forward, spatialRank: weight.count - 2,
                input: input, weight: weight, bias: [outputChannels], options: options)
        }
    }

    static func numbers(_ shape: [Int], _ seed: Int, _ dtype: DType) -> Tensor {
        let count = shape.reduce(1, *)
        return Tensor(shape, dtype, (0..<count).map { Double(($0 * 7 + seed) % 11 - 5) })
    }

    static let all: [PyTorchRow] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/convolution.json")
        return try! JSONDecoder().decode([PyTorchRow].self, from: Data(contentsOf: path))
    }()
}

@Suite("Answers of PyTorch")
struct PyTorchTests {
    @Test("whole numbers, to the last one", arguments: InstructionSet.available)
    func exact(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        #expect(PyTorchRow.all.count == 13)
        for row in PyTorchRow.all {
            let geometry = try row.geometry
            #expect(geometry.outputShape == row.shape, "\(row)")
            for dtype in [DType.float32, .float64] {
                let plan = ConvolutionPlan(geometry, dtype: dtype, kernels: kernels)
                let weights = plan.prepare(
                    PyTorchRow.numbers(row.weight, 2, dtype),
                    bias: PyTorchRow.numbers([row.outputChannels], 3, dtype))
                let output = plan.run(PyTorchRow.numbers(row.input, 1, dtype), weights)
                #expect(output.doubles == row.output, "\(isa) \(dtype) \(row)")
            }
        }
    }
}
