// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

@Suite("Gradients against their definition")
struct GradientTests {
    static let all: Gradients.Needs = [.input, .weight, .bias]

    @Test("every case, instruction set and dtype", arguments: InstructionSet.available)
    func cases(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.forward + ConvolutionCase.transposed {
            for dtype in [DType.float32, .float64] {
                let failure = try failure(row, dtype, seed: 1, kernels)
                #expect(failure == nil, "\(isa) \(dtype) \(row): \(failure ?? "")")
            }
        }
    }

    @Test("small sizes, at random", arguments: InstructionSet.available)
    func random(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for seed in UInt64(1)...400 {
            var generator = SeededGenerator(seed: seed)
            let row = ConvolutionCase.random(using: &generator)
            guard (try? row.geometry) != nil else { continue }
            let failure = try failure(row, seed % 4 == 0 ? .float64 : .float32, seed: seed, kernels)
            #expect(failure == nil, "seed \(seed) \(isa) \(row): \(failure ?? "")")
        }
    }

    /// Enough work for several cores, and for every way to compute a gradient.
    @Test("large cases", arguments: InstructionSet.available)
    func large(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in GradientPropertyTests.large {
            let failure = try failure(row, .float32, seed: 1, kernels)
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    /// Weights that are not finite have a part only in what looks at them, not in what is around: with more weights
    /// than outputs and with fewer.
    @Test("an infinite weight", arguments: InstructionSet.available)
    func infiniteWeight(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        let shapes = [([1, 32, 5, 5], [48, 32, 3, 3]), ([2, 3, 20, 20], [4, 3, 3, 3])]
        for (input, weight) in shapes {
            let row = ConvolutionCase.row("infinite") {
                $0.input = input
                $0.weight = weight
                $0.options.padding = .symmetric([1])
            }
            let geometry = try row.geometry
            var weights = Tensor.random(weight, .float32, seed: 1).doubles
            weights[4 * 9 + 1] = .infinity
            let tensor = Tensor(weight, .float32, weights)
            let x = Tensor.random(input, .float32, seed: 2)
            let y = Tensor.random(geometry.outputShape, .float32, seed: 3)
            let expected = Convolve.referenceGradients(
                geometry, input: x, weight: tensor, gradOutput: y)
            let found = Gradients.run(
                geometry, input: x, weight: tensor, gradOutput: y, needs: .input,
                execution: Gradients.Execution(kernels: kernels))
            let failure = mismatch(
                try #require(found.input).doubles, expected.input, Tolerance(relative: 1e-5))
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    private func failure(
        _ row: ConvolutionCase, _ dtype: DType, seed: UInt64, _ kernels: KernelTable
    ) throws -> String? {
        let geometry = try row.geometry
        let input = Tensor.random(row.input, dtype, seed: seed)
        let weight = Tensor.random(row.weight, dtype, seed: seed + 1)
        let gradOutput = Tensor.random(geometry.outputShape, dtype, seed: seed + 2)
        let expected = Convolve.referenceGradients(
            geometry, input: input, weight: weight, gradOutput: gradOutput)
        ConvolutionPlan.poisonScratch(byteCount: 1 << 22)
        let found = Gradients.run(
            geometry, input: input, weight: weight, gradOutput: gradOutput, needs: Self.all,
            execution: Gradients.Execution(kernels: kernels, threads: 3))
        #expect(found.input?.shape == row.input && found.weight?.shape == row.weight)
        // Sums of up to five thousand products, those of the reference too.
        let tolerance = Tolerance(relative: dtype == .float32 ? 1e-5 : 4e-14)
        let parts = [
            ("input", found.input, expected.input), ("weight", found.weight, expected.weight),
            ("bias", found.bias, expected.bias),
        ]
        for (name, tensor, values) in parts {
            let failure = mismatch(try #require(tensor).doubles, values, tolerance)
            if let failure { return "\(name): \(failure)" }
        }
        return nil
    }
}
