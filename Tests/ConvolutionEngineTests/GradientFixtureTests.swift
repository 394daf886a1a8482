// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import KernelInterface
import TestSupport
import Testing

/// Gradients of PyTorch in whole numbers, which are exact; Fixtures/gradients.py made them.
private struct GradientFixture: Decodable {
    struct Row: Decodable {
        let row: OptionRow
        let grad_input, grad_weight, grad_bias: [Double]
    }

    let rows: [Row]
    let points: [String]
    let activations: [String: [String]]

    static let all: GradientFixture = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/gradients.json")
        return try! JSONDecoder().decode(GradientFixture.self, from: Data(contentsOf: path))
    }()
}

@Suite("Gradients of PyTorch")
struct GradientFixtureTests {
    @Test("through every option, to the last whole number", arguments: InstructionSet.available)
    func exact(isa: InstructionSet) throws {
        let execution = Gradients.Execution(kernels: try #require(isa.kernels), threads: 2)
        #expect(GradientFixture.all.rows.count == 94)
        for fixture in GradientFixture.all.rows {
            let row = fixture.row
            let convolution = try row.convolution(row.options)
            #expect(convolution.geometry.outputShape == row.shape, "\(row)")
            for dtype in [DType.float32, .float64] {
                let gradOutput = OptionRow.numbers(row.shape, 4, dtype)
                let found = convolution.gradients(
                    row.operands(dtype), gradOutput: gradOutput,
                    needs: [.input, .weight, .bias, .add], execution: execution)
                #expect(found.input?.shape == row.input, "\(row)")
                #expect(found.weight?.shape == row.weight, "\(row)")
                #expect(found.input?.doubles == fixture.grad_input, "\(isa) \(dtype) \(row)")
                #expect(found.weight?.doubles == fixture.grad_weight, "\(isa) \(dtype) \(row)")
                #expect(found.bias?.doubles == fixture.grad_bias, "\(isa) \(dtype) \(row)")
                #expect(found.add?.doubles == gradOutput.doubles, "\(isa) \(dtype) \(row)")
            }
        }
    }

    @Test("of activations at small, large and non-finite points")
    func activations() throws {
        let fixture = GradientFixture.all
        let points = fixture.points.map { Double($0)! }
        #expect(fixture.activations.count == Activation.allCases.count - 1)
        let shape = [1, 1, points.count]
        for (name, answers) in fixture.activations {
            var options = ConvolutionOptions()
            options.activation = try #require(Activation(rawValue: name))
            let convolution = try Convolution(
                ConvolutionGeometry(
                    .forward, spatialRank: 1, input: shape, weight: [1, 1, 1], bias: nil,
                    options: options), options: options)
            let found = convolution.gradients(
                Convolution.Operands(
                    input: Tensor(shape, .float64, points),
                    weight: Tensor([1, 1, 1], .float64, [1])),
                gradOutput: Tensor(shape, .float64, points.map { _ in 3 }), needs: .add)
            for (i, answer) in answers.enumerated() {
                let expected = Double(answer)!, gradient = found.add!.doubles[i]
                let agrees =
                    gradient == expected || (gradient.isNaN && expected.isNaN)
                    || abs(gradient - expected) <= 2e-15 * max(abs(expected), 1)
                #expect(agrees, "\(name) at \(points[i]): \(gradient), expected \(expected)")
            }
        }
    }

    @Test("a piece that is constant stops infinities and NaN")
    func constantPieces() throws {
        for (activation, sums) in [
            (Activation.relu, [-2.0, 0]), (.relu6, [-2, 0, 6, 7]), (.hardswish, [-4, -3]),
        ] {
            var options = ConvolutionOptions()
            options.activation = activation
            let shape = [1, 1, sums.count]
            let convolution = try Convolution(
                ConvolutionGeometry(
                    .forward, spatialRank: 1, input: shape, weight: [1, 1, 1], bias: nil,
                    options: options), options: options)
            for value in [Double.infinity, .nan] {
                let found = convolution.gradients(
                    Convolution.Operands(
                        input: Tensor(shape, .float32, sums),
                        weight: Tensor([1, 1, 1], .float32, [1])),
                    gradOutput: Tensor(shape, .float32, sums.map { _ in value }),
                    needs: [.input, .weight, .bias])
                for gradient in [found.input, found.weight, found.bias] {
                    #expect(gradient!.doubles.allSatisfy { $0 == 0 }, "\(activation) \(value)")
                }
            }
        }
    }
}
