// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// What every form of `im2col` is held to, and others whose bits depend on nothing else.
enum ColumnChecks {
    /// Sums are those of the definition, and `algorithm` can do the rows in `precision`.
    static func sums(
        _ rows: [ConvolutionCase], _ isa: InstructionSet, _ algorithm: Algorithm = .im2col,
        precision: Precision = .standard, seed: UInt64
    ) throws {
        let kernels = try #require(isa.kernels)
        for row in rows {
            for dtype in [DType.float32, .float64] {
                var trial = try Trial(row, dtype, seed: seed)
                let able = Algorithm.able(for: trial.geometry, precision: precision)
                #expect(able.contains(algorithm), "\(row)")
                // The definition's own sums of a thousand products in float64 are no more exact.
                if dtype == .float64 { trial.tolerance = Tolerance(relative: 3e-14) }
                for threads in [1, 3, 8] {
                    let failure = trial.run(algorithm, kernels, threads: threads)
                    #expect(failure == nil, "\(isa) \(dtype) \(row): \(failure ?? "")")
                }
            }
        }
    }

    /// Bits depend neither on the cores nor on the batch.
    static func invariance(
        _ rows: [ConvolutionCase], _ isa: InstructionSet, _ algorithm: Algorithm = .im2col,
        threads: [Int], seed: UInt64
    ) throws {
        let kernels = try #require(isa.kernels)
        for row in rows {
            let trial = try Trial(row, .float32, seed: seed)
            let one = InvarianceTests.bits(trial, algorithm, kernels, threads: 1)
            for threads in threads {
                let several = InvarianceTests.bits(trial, algorithm, kernels, threads: threads)
                #expect(one == several, "\(isa) \(threads) threads: \(row)")
            }
            let images = try (0..<row.input[0]).flatMap {
                try InvarianceTests.bits(
                    trial.image($0, of: row), algorithm, kernels, threads: 2)
            }
            #expect(one == images, "\(isa) \(row), image by image")
        }
    }

    /// What is not finite stays in its windows.
    static func nonFiniteInput(
        _ rows: [ConvolutionCase], _ isa: InstructionSet, _ algorithm: Algorithm = .im2col,
        seed: UInt64
    ) throws {
        let kernels = try #require(isa.kernels)
        for row in rows {
            var trial = try Trial(row, .float32, seed: seed)
            trial.plant([.infinity, .nan, -.infinity])
            let failure = trial.run(algorithm, kernels, threads: 2)
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    /// Padding is multiplied by weights that are not finite.
    static func nonFiniteWeights(
        _ rows: [ConvolutionCase], _ isa: InstructionSet, _ algorithm: Algorithm = .im2col,
        seed: UInt64
    ) throws {
        let kernels = try #require(isa.kernels)
        for row in rows {
            for use in [WeightUse.once, .often] {
                let trial = try Trial(row, .float32, seed: seed)
                let weight = Tensor(
                    trial.weight.shape, .float32, [.infinity] + trial.weight.doubles.dropFirst())
                func output(_ algorithm: Algorithm) -> Tensor {
                    let plan = ConvolutionPlan(
                        trial.geometry, dtype: .float32, algorithm: algorithm, kernels: kernels,
                        threads: 2, serialWork: 0)
                    return plan.run(
                        trial.input, plan.prepare(weight, bias: trial.bias, use: use))
                }
                let failure = mismatch(
                    output(algorithm).doubles, output(.slidingWindow).doubles, trial.tolerance)
                #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
            }
        }
    }
}
