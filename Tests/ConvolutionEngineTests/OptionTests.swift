// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

@Suite("Named paddings, borders, flipped kernels, output sizes, activations")
struct OptionTests {
    @Test("PyTorch's answers, by every algorithm", arguments: InstructionSet.available)
    func asPyTorch(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        #expect(OptionFixture.all.rows.count == 71)
        for row in OptionFixture.all.rows {
            let geometry = try row.convolution(row.options).computed
            for algorithm in Algorithm.able(for: geometry, precision: .strict) {
                var options = row.options
                options.algorithm = algorithm
                // Whole numbers stay whole.
                options.precision = .strict
                let convolution = try row.convolution(options)
                #expect(convolution.geometry.outputShape == row.shape, "\(row)")
                let dtype = DType.float32
                let output = convolution.run(row.operands(dtype), kernels: kernels).output
                if algorithm == .fft {
                    let failure = mismatch(
                        output.doubles, row.output, AlgorithmTests.tolerance(dtype))
                    #expect(failure == nil, "\(isa) \(algorithm) \(row): \(failure ?? "")")
                } else {
                    #expect(output.doubles == row.output, "\(isa) \(algorithm) \(row)")
                }
            }
        }
    }

    /// What a caller gets is activation(sums + add), element by element, whatever made the sums.
    @Test("the epilogue, by every algorithm", arguments: InstructionSet.available)
    func epilogue(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.forward + ConvolutionCase.transposed {
            for algorithm in Algorithm.able(for: try row.geometry) {
                for (i, activation) in Activation.allCases.enumerated() {
                    let dtype: DType = i % 2 == 0 ? .float32 : .float64
                    let failure = try epilogueFailure(row, algorithm, activation, dtype, kernels)
                    #expect(failure == nil, "\(isa) \(algorithm) \(activation) \(row)")
                }
            }
        }
    }

    private func epilogueFailure(
        _ row: ConvolutionCase, _ algorithm: Algorithm, _ activation: Activation, _ dtype: DType,
        _ kernels: KernelTable
    ) throws -> String? {
        let geometry = try row.geometry
        var operands = Convolution.Operands(
            input: .random(row.input, dtype, seed: 1), weight: .random(row.weight, dtype, seed: 2))
        if row.bias { operands.bias = .random([geometry.outputChannels], dtype, seed: 3) }
        var options = row.options
        options.algorithm = algorithm
        let sums = try Convolution(geometry, options: options).run(operands, kernels: kernels)
        operands.add = .random(geometry.outputShape, dtype, seed: 4)
        options.activation = activation
        let output = try Convolution(geometry, options: options).run(operands, kernels: kernels)
        let expected = zip(sums.output.doubles, operands.add!.doubles).map {
            Self.definition(activation, $0 + $1)
        }
        return mismatch(
            output.output.doubles, expected,
            Tolerance(relative: dtype == .float32 ? 1e-6 : 1e-14))
    }

    private static func definition(_ activation: Activation, _ x: Double) -> Double {
        switch activation {
        case .none: x
        case .relu: max(x, 0)
        case .relu6: min(max(x, 0), 6)
        case .silu: x * Double.sigmoid(x)
        case .gelu: x * (1 + Double.errorFunction(x / 2.0.squareRoot())) / 2
        case .hardswish: x * min(max(x + 3, 0), 6) / 6
        case .sigmoid: Double.sigmoid(x)
        case .tanh: Double.hyperbolicTangent(x)
        }
    }

    @Test("activations at small, large and non-finite points as PyTorch has them")
    func activations() throws {
        let fixture = OptionFixture.all
        let points = fixture.points.map { Double($0)! }
        #expect(fixture.activations.count == Activation.allCases.count - 1)
        var options = ConvolutionOptions()
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 1, input: [1, 1, points.count], weight: [1, 1, 1], bias: nil,
            options: options)
        for (name, answers) in fixture.activations {
            options.activation = try #require(Activation(rawValue: name))
            let convolution = try Convolution(geometry, options: options)
            let output = convolution.run(
                Convolution.Operands(
                    input: Tensor(geometry.inputShape, .float64, points),
                    weight: Tensor([1, 1, 1], .float64, [1])))
            for (i, (found, answer)) in zip(output.output.doubles, answers).enumerated() {
                let expected = Double(answer)!
                let agrees =
                    found == expected || (found.isNaN && expected.isNaN)
                    || abs(found - expected) <= 4e-16 * max(abs(expected), 1)
                #expect(agrees, "\(name)(\(points[i])): \(found), expected \(expected)")
            }
        }
    }

    /// Padding is zeros, and an infinite weight makes NaN of a zero; around the input of a transposed
    /// convolution there is nothing.
    @Test("weights that are not finite", arguments: InstructionSet.available)
    func infiniteWeights(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in ConvolutionCase.forward + ConvolutionCase.transposed {
            let geometry = try row.geometry
            var operands = Convolution.Operands(
                input: .random(row.input, .float32, seed: 1),
                weight: .random(row.weight, .float32, seed: 2))
            if row.bias { operands.bias = .random([geometry.outputChannels], .float32, seed: 3) }
            var values = operands.weight.doubles
            guard values.count > 1 else { continue }
            values[values.count / 2] = .infinity
            operands.weight = Tensor(row.weight, .float32, values)
            let expected: [Double]
            if row.direction == .forward {
                var options = row.options
                options.border = .constant(0)
                expected = try Convolution(geometry, options: options).run(operands).output.doubles
            } else {
                expected = Convolve.reference(
                    geometry, input: operands.input, weight: operands.weight, bias: operands.bias)
            }
            for algorithm in Algorithm.able(for: geometry) {
                var options = row.options
                options.algorithm = algorithm
                let result = try Convolution(geometry, options: options).run(
                    operands, kernels: kernels)
                let failure = mismatch(
                    result.output.doubles, expected, Tolerance(relative: 5e-6))
                #expect(failure == nil, "\(isa) \(algorithm) \(row): \(failure ?? "")")
            }
        }
    }

    /// ⟨extend(x), y⟩ = ⟨x, fold(y)⟩, exactly, in whole numbers.
    @Test("folding a border is the adjoint of extending it")
    func adjoint() throws {
        for border in [Border.reflect, .replicate, .circular, .constant(0)] {
            var options = ConvolutionOptions()
            options.padding = .pairs([[2, 1], [0, 3], [1, 1]])
            let geometry = try ConvolutionGeometry(
                .forward, spatialRank: 3, input: [2, 3, 4, 5, 3], weight: [1, 3, 1, 1, 1],
                bias: nil, options: options)
            let bordered = BorderedInput(geometry, border)
            let shape = geometry.withPaddedInput().inputShape
            let x = Tensor.randomIntegers(geometry.inputShape, .float64, seed: 1)
            let y = Tensor.randomIntegers(shape, .float64, seed: 2)
            let extended = bordered.extend(x, shape: shape, Double.self)
            let folded = bordered.fold(y, shape: geometry.inputShape, Double.self)
            #expect(dot(extended, y) == dot(x, folded), "\(border)")
        }
    }

    private func dot(_ a: Tensor, _ b: Tensor) -> Double {
        zip(a.doubles, b.doubles).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test("same_upper and same_lower have the smallest padding for an output of ⌈in / stride⌉")
    func ceiling() throws {
        for p in GeometryOutputSizeTests.tuples([1...9, 1...4, 1...4, 1...3]) {
            var request = GeometryCase.single(
                .forward, input: p[0], kernel: p[1], stride: p[2], dilation: p[3], padding: 0,
                outputPadding: 0)
            for padding in [ConvolutionOptions.Padding.sameUpper, .sameLower] {
                request.options.padding = padding
                let geometry = try request.geometry()
                #expect(geometry.outputSize.width == (p[0] + p[2] - 1) / p[2], "\(p)")
                let (before, after) = (geometry.paddingBefore.width, geometry.paddingAfter.width)
                let odd = padding == .sameUpper ? after - before : before - after
                #expect(odd == 0 || odd == 1, "\(p)")
                guard before + after > 0 else { continue }
                request.options.padding = .pairs([[0, before + after - 1]])
                #expect(request.outputSizes != [geometry.outputSize.width], "\(p)")
            }
        }
    }
}

extension Double {
    fileprivate static func sigmoid(_ x: Double) -> Double { 1 / (1 + exponential(-x)) }
}
