// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import KernelInterface
import Testing
import TestSupport

@Suite("Transforms against their definition")
struct FourierTests {
    /// Twos, threes and both; the last are so long that passes go block by block.
    static let lengths = [
        1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 36, 48, 64, 72, 96, 256, 1024, 1152,
    ]

    @Test(
        "a line is the values of a polynomial at the roots, and back",
        arguments: InstructionSet.available)
    func transform(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for length in Self.lengths {
            for quarters in [0, 1] {
                Self.check(kernels.float32, length, quarters, most: 2e-6)
                Self.check(kernels.float64, length, quarters, most: 1e-14)
            }
        }
    }

    /// - Parameter most: error of a value, relative to the rms of all
    private static func check<Scalar: TensorScalar>(
        _ kernels: GEMMKernels<Scalar>, _ length: Int, _ quarters: Int, most: Double
    ) {
        let fourier = kernels.fourier, lanes = fourier.lanes
        let axis = FourierAxis<Scalar>(length: length, quarters: quarters)
        let pitch = 2 * lanes + 8
        let signal = Tensor.random([length * pitch], Scalar.dtype, seed: UInt64(length)).doubles
        let line = UnsafeMutablePointer<Scalar>.allocate(capacity: length * pitch)
        defer { line.deallocate() }
        for i in signal.indices { line[i] = Scalar(signal[i]) }
        let lines = axis.lines(line, pitch: pitch, count: 1, linePitch: 0)
        fourier.forward(lines)
        let roots = FourierAxis<Scalar>.roots(length: length, quarters: quarters)
        let scale = (Double(length) * 2 / 3).squareRoot()
        for lane in [0, lanes - 1] {
            for (i, root) in roots.enumerated() where length <= 96 || i % 37 == 0 {
                var re = 0.0, im = 0.0
                for j in 0..<length {
                    let angle = Double(root * j % (4 * length)) / Double(2 * length) * .pi
                    let (x, y) = (signal[j * pitch + lane], signal[j * pitch + lanes + lane])
                    re += x * cos(angle) - y * sin(angle)
                    im += x * sin(angle) + y * cos(angle)
                }
                let found = (
                    Double(line[i * pitch + lane]), Double(line[i * pitch + lanes + lane])
                )
                let error = max(abs(found.0 - re), abs(found.1 - im)) / scale
                #expect(error <= most, "length \(length) quarters \(quarters) value \(i): \(error)")
            }
        }
        #expect(Set(roots).count == length && roots.allSatisfy { $0 % 4 == quarters })
        fourier.inverse(lines)
        for i in signal.indices where i % pitch < 2 * lanes {
            let error = abs(Double(line[i]) / Double(length) - signal[i])
            #expect(error <= most, "length \(length) quarters \(quarters) element \(i): \(error)")
        }
    }

    @Test("outputs that see nothing but padding are the bias, to the last bit")
    func sightless() throws {
        for (groups, bias) in [(1, [2]), (2, nil), (2, [2])] {
            var options = ConvolutionOptions()
            options.groups = groups
            options.padding = .symmetric([1, 0, 0])
            options.dilation = [2, 1, 1]
            options.algorithm = .fft
            let weight = Tensor.random([2, 2 / groups, 2, 1, 1], .float32, seed: 1)
            let geometry = try ConvolutionGeometry(
                .forward, spatialRank: 3, input: [2, 2, 1, 1, 1], weight: weight.shape, bias: bias,
                options: options)
            let biases = bias.map { Tensor.random($0, .float32, seed: 2) }
            let output = try Convolution(geometry, options: options).run(
                .init(
                    input: .random([2, 2, 1, 1, 1], .float32, seed: 3), weight: weight, bias: biases
                )
            ).output
            let expected = biases?.doubles ?? [0, 0]
            #expect(output.doubles == expected + expected)
        }
    }

    /// A layer, and whether its sums are so long that transforms are faster.
    struct Choice: Sendable, CustomStringConvertible {
        let input: [Int], weight: [Int]
        var padding = 0
        var groups = 1
        let isFourier: Bool

        var description: String { "input \(input) weight \(weight) groups \(groups)" }
    }

    static let choices = [
        Choice(input: [1, 1, 1024, 1024], weight: [1, 1, 15, 15], padding: 7, isFourier: true),
        Choice(input: [1, 1, 1024, 1024], weight: [1, 1, 7, 7], padding: 3, isFourier: false),
        Choice(
            input: [1, 128, 32, 32], weight: [128, 1, 31, 31], padding: 15, groups: 128,
            isFourier: true),
        Choice(
            input: [1, 512, 14, 14], weight: [512, 1, 13, 13], padding: 6, groups: 512,
            isFourier: false),
        Choice(
            input: [1, 96, 56, 56], weight: [96, 1, 7, 7], padding: 3, groups: 96, isFourier: false
        ),
        Choice(input: [1, 64, 56, 56], weight: [64, 64, 11, 11], padding: 5, isFourier: true),
        Choice(input: [1, 64, 56, 56], weight: [64, 64, 3, 3], padding: 1, isFourier: false),
        Choice(input: [1, 48, 27, 27], weight: [128, 48, 5, 5], padding: 2, isFourier: false),
        Choice(
            input: [1, 16, 32, 32, 32], weight: [16, 16, 7, 7, 7], padding: 3, isFourier: true),
        Choice(input: [1, 1, 100_000], weight: [1, 1, 1000], isFourier: true),
        Choice(input: [1, 1, 100_000], weight: [1, 1, 10], isFourier: false),
        Choice(input: [1, 1, 8, 8], weight: [1, 1, 8, 8], isFourier: false),
    ]

    @Test("auto takes transforms for long sums only, whatever the batch", arguments: choices)
    func chosen(_ choice: Choice) throws {
        for batch in [1, 7] {
            var options = ConvolutionOptions()
            options.padding = .symmetric([choice.padding])
            options.groups = choice.groups
            let geometry = try ConvolutionGeometry(
                .forward, spatialRank: choice.input.count - 2,
                input: [batch] + choice.input.dropFirst(), weight: choice.weight, bias: nil,
                options: options)
            #expect((Algorithm.fastest(for: geometry) == .fft) == choice.isFourier, "\(choice)")
        }
    }

    /// Input, weight and dilation.
    static let tooLarge: [([Int], [Int], Int)] = [
        ([1, 1, 1 << 24], [1, 1, 1 << 23], 1),
        ([1, 1, 1 << 39], [1, 1, 2], 1 << 38),
        ([1, 4096, 64, 64], [4096, 4096, 3, 3], 1),
        ([1, 1, 4096, 4096], [1, 1, 2048, 2048], 1),
    ]

    @Test("what would take too much memory is refused in no time", arguments: tooLarge)
    func refused(_ input: [Int], _ weight: [Int], _ dilation: Int) throws {
        var options = ConvolutionOptions()
        options.dilation = [dilation]
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: input.count - 2, input: input, weight: weight, bias: nil,
            options: options)
        let obstacle = try #require(Algorithm.fft.obstacle(to: geometry))
        #expect(obstacle.contains("too much memory"))
        #expect(Algorithm.fastest(for: geometry) != .fft)
    }
}
