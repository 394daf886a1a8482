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
