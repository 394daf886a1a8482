// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

@Suite("Properties of gradients")
struct GradientPropertyTests {
    private static let rows = ConvolutionCase.forward + ConvolutionCase.transposed

    /// Enough work for several cores, and all ways to share it out.
    static let large: [ConvolutionCase] = [
        .row("parts of the columns") {
            $0.input = [2, 33, 29, 31]
            $0.weight = [37, 33, 3, 3]
        },
        .row("parts of the rows") {
            $0.input = [1, 11, 24, 24]
            $0.weight = [200, 11, 1, 1]
            $0.options.stride = [1]
        },
        .row("segments of the pixels") {
            $0.input = [3, 3, 61, 50]
            $0.weight = [17, 3, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        .row("images together") {
            $0.input = [9, 30, 5, 7]
            $0.weight = [70, 30, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        .row("depthwise") {
            $0.input = [2, 67, 40, 41]
            $0.weight = [67, 1, 3, 3]
            $0.options.stride = [1]
            $0.options.groups = 67
        },
        .row("one channel, in segments") {
            $0.input = [2, 1, 230, 241]
            $0.weight = [3, 1, 5, 5]
            $0.options.stride = [2]
        },
        .row("windows of stride 2 where they lie") {
            $0.input = [2, 48, 29, 31]
            $0.weight = [40, 48, 1, 1]
            $0.options.stride = [2]
        },
        .row("rows and field change places") {
            $0.input = [2, 20, 21, 23]
            $0.weight = [64, 20, 1, 1]
        },
        .row("the gradient itself is summed") {
            $0.input = [3, 96, 7, 7]
            $0.weight = [128, 96, 1, 1]
        },
        .row("parts of a long row") {
            $0.input = [2, 3, 3000]
            $0.weight = [33, 3, 5]
            $0.options.padding = .symmetric([2])
        },
        .row("parts of a long row, stride 2") {
            $0.input = [1, 17, 2001]
            $0.weight = [32, 17, 3]
            $0.options.stride = [2]
            $0.options.padding = .symmetric([1])
        },
        .row("three dimensions") {
            $0.input = [2, 16, 5, 9, 8]
            $0.weight = [32, 16, 3, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        .row("groups of sixteen") {
            $0.input = [2, 64, 12, 13]
            $0.weight = [64, 16, 3, 3]
            $0.options.padding = .symmetric([2])
            $0.options.dilation = [2]
            $0.options.groups = 4
        },
        .row("filtered") {
            $0.input = [1, 64, 30, 31]
            $0.weight = [48, 64, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        .row("depthwise, stride 2") {
            $0.input = [2, 37, 23, 26]
            $0.weight = [37, 1, 3, 3]
            $0.options.stride = [2]
            $0.options.padding = .symmetric([1])
            $0.options.groups = 37
        },
        .row("depthwise, stride 3 and 2, dilated") {
            $0.input = [1, 35, 60, 41]
            $0.weight = [35, 1, 4, 3]
            $0.options.stride = [3, 2]
            $0.options.dilation = [1, 2]
            $0.options.groups = 35
        },
        .row("depthwise on a small map") {
            $0.input = [3, 37, 7, 9]
            $0.weight = [37, 1, 5, 3]
            $0.options.padding = .symmetric([2, 1])
            $0.options.groups = 37
        },
        .row("depthwise, steps larger than the kernel") {
            $0.input = [1, 40, 31, 29]
            $0.weight = [40, 1, 2, 2]
            $0.options.stride = [3]
            $0.options.groups = 40
        },
        .row("transposed depthwise, stride 2") {
            $0.direction = .transposed
            $0.input = [2, 34, 17, 15]
            $0.weight = [34, 1, 4, 4]
            $0.options.stride = [2]
            $0.options.padding = .symmetric([1])
            $0.options.groups = 34
        },
    ]

    private static func dot(_ a: Tensor, _ b: Tensor) -> Double {
        zip(a.doubles, b.doubles).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func gradients(
        _ row: ConvolutionCase, _ input: Tensor, _ weight: Tensor, _ gradOutput: Tensor,
        threads: Int = 2
    ) throws -> Gradients.Result {
        Gradients.run(
            try row.geometry, input: input, weight: weight, gradOutput: gradOutput,
            needs: [.input, .weight, .bias], execution: Gradients.Execution(threads: threads))
    }

    /// In whole numbers, where every sum of products is exact.
    @Test("⟨conv x, y⟩ = ⟨x, input gradient of y⟩ = ⟨weight, weight gradient of y⟩")
    func adjoint() throws {
        for row in Self.rows + Self.large {
            let geometry = try row.geometry
            let x = Tensor.randomIntegers(row.input, .float64, seed: 1)
            let weight = Tensor.randomIntegers(row.weight, .float64, seed: 2)
            let y = Tensor.randomIntegers(geometry.outputShape, .float64, seed: 3)
            var unbiased = row
            unbiased.bias = false
            // One that sums products as they are: transforms round whole numbers.
            unbiased.options.algorithm = geometry.direction == .forward ? .im2col : .columnScatter
            let output = try Convolution(try unbiased.geometry, options: unbiased.options)
                .run(Convolution.Operands(input: x, weight: weight)).output
            let gradients = try Self.gradients(row, x, weight, y)
            let product = Self.dot(output, y)
            // Minimal filtering leaves whole numbers by less than a half.
            let sum = Self.dot(x, try #require(gradients.input))
            let filters = Gradients.inputAlgorithm(geometry, weight: weight) == .winograd
            #expect(product == (filters ? sum.rounded() : sum), "\(row)")
            #expect(product == Self.dot(weight, try #require(gradients.weight)), "\(row)")
        }
    }

    /// Through an activation, a border, a flipped kernel and a residual; central differences.
    @Test("finite differences in float64", arguments: Activation.allCases)
    func differences(_ activation: Activation) throws {
        var options = ConvolutionOptions()
        options.padding = .pairs([[1, 2], [2, 0]])
        options.border = .reflect
        options.stride = [2, 1]
        options.flipsKernel = true
        options.activation = activation
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 2, input: [2, 2, 4, 5], weight: [3, 2, 3, 2], bias: [3],
            options: options)
        let convolution = try Convolution(geometry, options: options)
        let operands = Convolution.Operands(
            input: .random(geometry.inputShape, .float64, seed: 1),
            weight: .random(geometry.weightShape, .float64, seed: 2),
            bias: .random([3], .float64, seed: 3),
            add: .random(geometry.outputShape, .float64, seed: 4))
        let y = Tensor.random(geometry.outputShape, .float64, seed: 5)
        let gradients = convolution.gradients(
            operands, gradOutput: y, needs: [.input, .weight, .bias, .add])
        let parts: [(WritableKeyPath<Convolution.Operands, Tensor>, Tensor?)] = [
            (\.input, gradients.input), (\.weight, gradients.weight), (\.bias!, gradients.bias),
            (\.add!, gradients.add),
        ]
        for (path, gradient) in parts {
            let expected = try #require(gradient).doubles
            for index in stride(from: 0, to: expected.count, by: 3) {
                let step = 1e-6
                let (up, down) = (
                    Self.dot(convolution.run(operands.moved(path, index, step)).output, y),
                    Self.dot(convolution.run(operands.moved(path, index, -step)).output, y)
                )
                let slope = (up - down) / (2 * step)
                #expect(abs(slope - expected[index]) < 1e-7, "\(activation) \(path) \(index)")
            }
        }
    }

    @Test("the same bits for any number of threads, and of calls")
    func threads() throws {
        for row in Self.rows + Self.large {
            let geometry = try row.geometry
            let x = Tensor.random(row.input, .float32, seed: 1)
            let weight = Tensor.random(row.weight, .float32, seed: 2)
            let y = Tensor.random(geometry.outputShape, .float32, seed: 3)
            let alone = try Self.gradients(row, x, weight, y, threads: 1)
            for threads in [1, 2, 3, 7] {
                let shared = try Self.gradients(row, x, weight, y, threads: threads)
                #expect(alone.input?.doubles == shared.input?.doubles, "\(threads) \(row)")
                #expect(alone.weight?.doubles == shared.weight?.doubles, "\(threads) \(row)")
                #expect(alone.bias?.doubles == shared.bias?.doubles, "\(threads) \(row)")
            }
        }
    }
}

extension Convolution.Operands {
    /// The same with one element of one tensor moved by `step`.
    fileprivate func moved(
        _ path: WritableKeyPath<Convolution.Operands, Tensor>, _ index: Int, _ step: Double
    ) -> Convolution.Operands {
        var moved = self
        var values = self[keyPath: path].doubles
        values[index] += step
        moved[keyPath: path] = Tensor(self[keyPath: path].shape, .float64, values)
        return moved
    }
}
