// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import Testing
import TestSupport

@Suite("Algorithms against the reference")
struct AlgorithmTests {
    /// Largest error of sums of up to a thousand products, relative to the output's rms.
    static func tolerance(_ dtype: DType) -> Tolerance {
        Tolerance(relative: dtype == .float32 ? 5e-6 : 1e-14)
    }

    @Test("every case, algorithm, instruction set and dtype", arguments: InstructionSet.available)
    func cases(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.all {
            for dtype in [DType.float32, .float64] {
                let trial = try Trial(row, dtype, seed: 1)
                for algorithm in trial.algorithms {
                    let failure = trial.run(algorithm, kernels, threads: 3)
                    #expect(failure == nil, "\(isa) \(algorithm) \(dtype) \(row): \(failure ?? "")")
                }
            }
        }
    }

    @Test("every algorithm has cases")
    func coverage() throws {
        for precision in [Precision.standard, .strict] {
            for algorithm in Algorithm.allCases {
                let count = try ConvolutionCase.all.count { row in
                    var trial = try Trial(row, .float32, seed: 1)
                    trial.precision = precision
                    return trial.algorithms.contains(algorithm)
                }
                #expect(count >= 15, "\(algorithm), \(precision)")
            }
        }
    }

    @Test("strict minimal filtering", arguments: InstructionSet.available)
    func strict(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.all {
            var trial = try Trial(row, .float32, seed: 3)
            trial.precision = .strict
            guard trial.algorithms.contains(.winograd) else { continue }
            let failure = trial.run(.winograd, kernels, threads: 2)
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    @Test("small sizes, at random", arguments: InstructionSet.available)
    func random(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for seed in UInt64(1)...600 {
            var generator = SeededGenerator(seed: seed)
            let row = ConvolutionCase.random(using: &generator)
            guard let trial = try? Trial(row, seed % 4 == 0 ? .float64 : .float32, seed: seed)
            else { continue }
            for algorithm in trial.algorithms {
                let threads = Int(seed % 3) + 1
                let failure = trial.run(algorithm, kernels, threads: threads)
                #expect(failure == nil, "seed \(seed) \(isa) \(algorithm) \(row): \(failure ?? "")")
            }
        }
    }

    @Test("whole numbers are exact", arguments: InstructionSet.available)
    func exact(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.all {
            var trial = try Trial(row, .float32, seed: 5, integers: true)
            trial.tolerance = Tolerance(relative: 0)
            trial.precision = .strict
            for algorithm in trial.algorithms where algorithm != .fft {
                let failure = trial.run(algorithm, kernels, threads: 2)
                #expect(failure == nil, "\(isa) \(algorithm) \(row): \(failure ?? "")")
            }
        }
    }

    @Test(
        "NaN and infinities land where the definition has them", arguments: InstructionSet.available
    )
    func nonFinite(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.all {
            var trial = try Trial(row, .float32, seed: 6)
            trial.plant([.nan, .infinity, -.infinity])
            for algorithm in trial.algorithms {
                let failure = trial.run(algorithm, kernels, threads: 2)
                #expect(failure == nil, "\(isa) \(algorithm) \(row): \(failure ?? "")")
            }
        }
    }

    @Test("an identity returns every bit, -0 too", arguments: InstructionSet.available)
    func identity(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        let values: [Float] = [
            0, -0.0, 1, -1, .leastNonzeroMagnitude, -.leastNormalMagnitude,
            .greatestFiniteMagnitude, 16_777_216, 0.1,
        ]
        for algorithm in [Algorithm.im2col, .slidingWindow, .direct, .kernelMatrix] {
            let geometry = try ConvolutionGeometry(
                .forward, spatialRank: 1, input: [1, 1, values.count], weight: [1, 1, 1],
                bias: nil, options: ConvolutionOptions())
            let plan = ConvolutionPlan(
                geometry, dtype: .float32, algorithm: algorithm, kernels: kernels, threads: 1)
            let one = plan.prepare(Tensor(shape: [1, 1, 1], [Float(1)]), bias: nil)
            let output = plan.run(Tensor(shape: [1, 1, values.count], values), one)
            let bits = output.elements(of: Float.self).map(\.bitPattern)
            #expect(bits == values.map(\.bitPattern), "\(isa) \(algorithm)")
        }
    }

    @Test("the instruction sets of this machine are the ones that its kernel lists")
    func instructionSets() throws {
        #if arch(x86_64)
        let flags = try CPUFlags()
        var expected: [InstructionSet] = [.portable]
        if flags.contain("avx2", "fma", "bmi1", "bmi2", "f16c", "movbe") { expected.append(.avx2) }
        if flags.contain("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl") {
            expected.append(.avx512)
        }
        #expect(InstructionSet.available == expected)
        #else
        #expect(InstructionSet.available == [.portable])
        #endif
        for isa in InstructionSet.available { #expect(isa.kernels?.name == isa.rawValue) }
    }
}
