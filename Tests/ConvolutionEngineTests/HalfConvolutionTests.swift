// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

/// Convolutions of float16 and bfloat16 tensors: computed in float32, rounded once.
@Suite struct HalfConvolutionTests {
    /// Sums of small integers are exact, so the output is the exact one, rounded: many are too large
    /// for bfloat16 to hold.
    @Test(arguments: HalfPrecisionTests.dtypes)
    func integers(_ dtype: DType) throws {
        let format = HalfReference(dtype)
        for row in ConvolutionCase.forward + ConvolutionCase.transposed {
            let geometry = try row.geometry
            let input = Tensor.randomIntegers(geometry.inputShape, dtype, seed: 1)
            let weight = Tensor.randomIntegers(geometry.weightShape, dtype, seed: 2)
            let bias =
                row.bias ? Tensor.randomIntegers([geometry.outputChannels], dtype, seed: 3) : nil
            let result = try Convolve.result(geometry, input: input, weight: weight, bias: bias)
            #expect(result.output.dtype == dtype && result.output.shape == geometry.outputShape)
            let exact = Convolve.reference(geometry, input: input, weight: weight, bias: bias)
            #expect(
                HalfPrecisionTests.patterns(result.output) == exact.map(format.nearest), "\(row)")
        }
    }

    /// With everything that may go with it: what the float32 tensors give, rounded.
    @Test(arguments: HalfPrecisionTests.dtypes, Border.halfCases)
    func options(_ dtype: DType, _ border: Border) throws {
        var options = ConvolutionOptions()
        options.padding = .pairs([[2, 1], [1, 2]])
        options.border = border
        options.flipsKernel = true
        options.activation = .silu
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 2, input: [2, 3, 7, 5], weight: [4, 3, 3, 2], bias: [4],
            options: options)
        let convolution = try Convolution(geometry, options: options)
        let half = Convolution.Operands(
            input: .random(geometry.inputShape, dtype, seed: 1),
            weight: .random(geometry.weightShape, dtype, seed: 2),
            bias: .random([4], dtype, seed: 3), add: .random(geometry.outputShape, dtype, seed: 4))
        let wide = Convolution.Operands(
            input: half.input.widened(), weight: half.weight.widened(), bias: half.bias?.widened(),
            add: half.add?.widened())
        let output = convolution.run(half).output
        let expected = convolution.run(wide).output.rounded(to: dtype)
        #expect(HalfPrecisionTests.patterns(output) == HalfPrecisionTests.patterns(expected))
        #expect(convolution.run(half).scratchByteCount > convolution.run(wide).scratchByteCount)
    }

    /// Every gradient is what the float32 tensors give, rounded: once, also behind an activation.
    @Test(arguments: HalfPrecisionTests.dtypes, [Activation.none, .gelu])
    func gradients(_ dtype: DType, _ activation: Activation) throws {
        var options = ConvolutionOptions()
        options.padding = .symmetric([1])
        options.border = .replicate
        options.activation = activation
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 2, input: [2, 3, 7, 5], weight: [4, 3, 3, 2], bias: [4],
            options: options)
        let convolution = try Convolution(geometry, options: options)
        let half = Convolution.Operands(
            input: .random(geometry.inputShape, dtype, seed: 1),
            weight: .random(geometry.weightShape, dtype, seed: 2),
            bias: .random([4], dtype, seed: 3), add: .random(geometry.outputShape, dtype, seed: 4))
        let wide = Convolution.Operands(
            input: half.input.widened(), weight: half.weight.widened(), bias: half.bias?.widened(),
            add: half.add?.widened())
        let gradOutput = Tensor.random(geometry.outputShape, dtype, seed: 5)
        let needs: Gradients.Needs = [.input, .weight, .bias, .add]
        let found = convolution.gradients(half, gradOutput: gradOutput, needs: needs)
        let expected = convolution.gradients(
            wide, gradOutput: gradOutput.widened(), needs: needs)
        for part in [\Gradients.Result.input, \.weight, \.bias, \.add] {
            let (a, b) = (try #require(found[keyPath: part]), try #require(expected[keyPath: part]))
            #expect(a.dtype == dtype && a.shape == b.shape)
            #expect(
                HalfPrecisionTests.patterns(a) == HalfPrecisionTests.patterns(b.rounded(to: dtype)))
        }
    }

    /// Without what stands around a convolution, forward and transposed.
    @Test(
        arguments: HalfPrecisionTests.dtypes, [ConvolutionGeometry.Direction.forward, .transposed])
    func plainGradients(_ dtype: DType, _ direction: ConvolutionGeometry.Direction) throws {
        let geometry = try ConvolutionGeometry(
            direction, spatialRank: 1, input: [2, 3, 9], weight: [3, 3, 4], bias: nil,
            options: ConvolutionOptions())
        let input = Tensor.randomIntegers(geometry.inputShape, dtype, seed: 1)
        let weight = Tensor.randomIntegers(geometry.weightShape, dtype, seed: 2)
        let gradOutput = Tensor.randomIntegers(geometry.outputShape, dtype, seed: 3)
        let found = Gradients.run(
            geometry, input: input, weight: weight, gradOutput: gradOutput,
            needs: [.input, .weight, .bias])
        let expected = Convolve.referenceGradients(
            geometry, input: input.widened(), weight: weight.widened(),
            gradOutput: gradOutput.widened())
        let nearest = HalfReference(dtype).nearest
        let parts = [
            (found.input, expected.input), (found.weight, expected.weight),
            (found.bias, expected.bias),
        ]
        for (tensor, values) in parts {
            let tensor = try #require(tensor)
            // 0 and -0 are one number here.
            #expect(HalfPrecisionTests.patterns(tensor) == values.map { nearest($0 + 0) })
        }
    }

    /// Whole numbers, exact in PyTorch's and ONNX's answers.
    @Test(arguments: HalfPrecisionTests.dtypes)
    func windows(_ dtype: DType) throws {
        for row in WindowRow.all {
            let geometry = try WindowGeometry(
                unfolding: [row.batch, row.channels] + row.size, options: row.options)
            let columns = Unfold.run(
                geometry, image: WindowRow.numbers(geometry.imageShape, 1, dtype))
            #expect(columns.dtype == dtype && columns.doubles == row.unfolded, "\(row)")
            let image = Fold.run(
                geometry, columns: WindowRow.numbers(geometry.columnsShape, 2, dtype))
            #expect(image.dtype == dtype && image.doubles == row.folded, "\(row)")
        }
    }

    /// In float16 2048 + 1 is 2048: what overlaps is summed before it is rounded.
    @Test func foldedOnce() throws {
        var options = WindowOptions(kernelSize: .list([3]))
        options.stride = .list([1])
        let geometry = try WindowGeometry(
            folding: [1, 3, 3], outputSize: .list([5]), options: options)
        let columns = Tensor([1, 3, 3], .float16, [0, 0, 1, 0, 1, 0, 2048, 0, 0])
        #expect(Fold.run(geometry, columns: columns).doubles == [0, 0, 2050, 0, 0])
    }

    @Test(arguments: HalfPrecisionTests.dtypes)
    func overflowIsInfinite(_ dtype: DType) throws {
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 1, input: [1, 1, 3], weight: [1, 1, 1], bias: nil,
            options: ConvolutionOptions())
        let greatest = HalfReference(dtype).value(HalfReference(dtype).infinity - 1)
        let output = try Convolve.run(
            geometry, input: Tensor([1, 1, 3], dtype, [greatest, -greatest, 0]),
            weight: Tensor([1, 1, 1], dtype, [2]), bias: nil)
        #expect(output.doubles == [.infinity, -.infinity, 0])
    }

    @Test func mixedDTypesAreRefused() throws {
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 1, input: [1, 1, 3], weight: [1, 1, 1], bias: nil,
            options: ConvolutionOptions())
        #expect(throws: ConvolutionError.self) {
            try Convolve.run(
                geometry, input: .random([1, 1, 3], .float16, seed: 1),
                weight: .random([1, 1, 1], .bfloat16, seed: 2), bias: nil)
        }
    }
}

extension Border {
    fileprivate static let halfCases: [Border] = [.zeros, .reflect, .constant(0.1)]
}
