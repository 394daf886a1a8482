// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import Testing
import TestSupport

@Suite("Results are a function of the values alone")
struct InvarianceTests {
    static let rows: [ConvolutionCase] =
        ConvolutionCase.all + [
            .row("two cores' worth") {
                $0.input = [2, 33, 29, 31]
                $0.weight = [37, 33, 3, 3]
                $0.options.padding = .symmetric([1])
            },
            .row("few pixels, many channels") {
                $0.input = [1, 130, 7, 7]
                $0.weight = [150, 130, 3, 3]
                $0.options.padding = .symmetric([1])
            },
        ]

    /// The output's bits.
    static func bits(
        _ trial: Trial, _ algorithm: Algorithm, _ kernels: KernelTable, threads: Int
    ) -> [UInt64] {
        let plan = ConvolutionPlan(
            trial.geometry, dtype: trial.dtype, algorithm: algorithm, kernels: kernels,
            threads: threads, serialWork: 0)
        let output = plan.run(trial.input, plan.prepare(trial.weight, bias: trial.bias))
        return output.doubles.map(\.bitPattern)
    }

    @Test("1 thread = n threads, bit for bit", arguments: InstructionSet.available)
    func threads(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows {
            let trial = try Trial(row, .float32, seed: 7)
            for algorithm in trial.algorithms {
                let one = Self.bits(trial, algorithm, kernels, threads: 1)
                for threads in [2, 3, 8] {
                    let several = Self.bits(trial, algorithm, kernels, threads: threads)
                    #expect(one == several, "\(isa) \(algorithm) \(threads) threads: \(row)")
                }
            }
        }
    }

    @Test("an image alone = the image in a batch, bit for bit", arguments: InstructionSet.available)
    func batch(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows where row.isBatched && row.input[0] > 1 {
            let trial = try Trial(row, .float32, seed: 8)
            for algorithm in trial.algorithms {
                let whole = Self.bits(trial, algorithm, kernels, threads: 2)
                var alone: [UInt64] = []
                for image in 0..<row.input[0] {
                    alone += try Self.bits(
                        trial.image(image, of: row), algorithm, kernels, threads: 2)
                }
                #expect(whole == alone, "\(isa) \(algorithm): \(row)")
            }
        }
    }

    @Test("⟨conv x, y⟩ = ⟨x, convᵀ y⟩")
    func adjoint() throws {
        for row in ConvolutionCase.forward where row.isBatched {
            var row = row
            row.bias = false
            guard !row.input.contains(0), !row.weight.contains(0) else { continue }
            let forward = try Trial(row, .float64, seed: 9)
            guard let backward = row.transposedBack(forward.geometry) else { continue }
            let y = Tensor.random(forward.geometry.outputShape, .float64, seed: 10)
            let ahead = try Convolve.run(
                forward.geometry, input: forward.input, weight: forward.weight, bias: nil)
            let back = try Convolve.run(backward, input: y, weight: forward.weight, bias: nil)
            let left = zip(ahead.doubles, y.doubles).reduce(0) { $0 + $1.0 * $1.1 }
            let right = zip(forward.input.doubles, back.doubles).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(left - right) <= 1e-11 * max(1, abs(left)), "\(row)")
        }
    }
}

extension Trial {
    /// One image of a batch as a trial of its own.
    func image(_ index: Int, of row: ConvolutionCase) throws -> Trial {
        var single = row
        single.input[0] = 1
        var trial = try Trial(single, dtype, seed: 8)
        let count = input.count / row.input[0]
        let values = Array(input.doubles[index * count..<(index + 1) * count])
        trial.input = Tensor(single.input, dtype, values)
        return Trial(trial, weight: weight, bias: bias)
    }

    private init(_ other: Trial, weight: Tensor, bias: Tensor?) {
        self = other
        self.weight = weight
        self.bias = bias
    }
}

extension ConvolutionCase {
    /// The transposed convolution with the same weights, which maps the output's shape to the input's.
    func transposedBack(_ forward: ConvolutionGeometry) -> ConvolutionGeometry? {
        var options = options
        options.padding = .pairs(forward.paddingPairs)
        let output = Array(forward.outputShape.dropFirst(2))
        options.outputPadding = output.indices.map { i in
            let pads = forward.paddingPairs[i].reduce(0, +)
            let stride = forward.stride.last(forward.spatialRank)[i]
            return input[i + 2] + pads - forward.effectiveKernel[i] - (output[i] - 1) * stride
        }
        return try? ConvolutionGeometry(
            .transposed, spatialRank: spatialRank, input: forward.outputShape, weight: weight,
            bias: nil, options: options)
    }
}
