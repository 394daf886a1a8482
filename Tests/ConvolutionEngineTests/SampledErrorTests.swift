// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

@Suite("Errors on a sample")
struct SampledErrorTests {
    @Test("elements by the definition are those of the whole output")
    func elements() throws {
        for row in ConvolutionCase.forward + ConvolutionCase.transposed {
            for dtype in DType.allCases {
                var row = row
                row.bias = false
                let geometry = try row.geometry
                let input = Tensor.random(row.input, dtype, seed: 1)
                let weight = Tensor.random(row.weight, dtype, seed: 2)
                let whole = Convolve.reference(geometry, input: input, weight: weight, bias: nil)
                let found = Convolve.reference(
                    geometry, input: input, weight: weight, at: Array(whole.indices))
                let failure = mismatch(found, whole, Tolerance(relative: 1e-14))
                #expect(failure == nil, "\(dtype) \(row): \(failure ?? "")")
            }
        }
    }

    @Test("an output of the engine is close, one with a wrong element is not")
    func outputs() throws {
        var row = ConvolutionCase()
        row.bias = false
        let geometry = try row.geometry
        for dtype in [DType.float32, .float64] {
            let input = Tensor.random(row.input, dtype, seed: 3)
            let weight = Tensor.random(row.weight, dtype, seed: 4)
            let output = try Convolve.run(geometry, input: input, weight: weight, bias: nil)
            let error = SampledError(geometry, input: input, weight: weight, output: output)
            let bound = dtype == .float32 ? 2e-6 : 1e-14
            #expect(error.largest < bound && error.rms < error.largest && error.rms > 0)

            var values = output.doubles
            values[17] += 1
            let wrong = SampledError(
                geometry, input: input, weight: weight,
                output: Tensor(output.shape, dtype, values))
            #expect(wrong.largest > 0.1)
        }
    }

    @Test("relative to the root mean square of what is expected")
    func relative() {
        let error = SampledError([3, 4, 0, 0], [3, 4, 0, 0.5])
        let rms = (25.25 / 4).squareRoot()
        #expect(error.largest == 0.5 / rms)
        #expect(abs(error.rms - 0.25 / rms) < 1e-15)
        let exact = SampledError([0, 0], [0, 0])
        #expect(exact.largest == 0 && exact.rms == 0)
        #expect(SampledError([.nan, 1, 2], [0, 1, 2]).largest.isNaN)
    }

    @Test("a sample is spread over rows, columns and channels, and all of a small output")
    func sample() {
        #expect(SampledError.sample(5, count: 8) == [0, 1, 2, 3, 4])
        for total in [4097, 50_000, 1_000_000, 1 << 40] {
            let sample = SampledError.sample(total, count: 4096)
            #expect(sample.allSatisfy { (0..<total).contains($0) })
            #expect(Set(sample).count > (total == 4097 ? 2500 : 4000))
            #expect(Set(sample.map { $0 * 64 / total }).count == 64)
            #expect(Set(sample.map { $0 % 56 }).count == 56)
        }
    }
}
