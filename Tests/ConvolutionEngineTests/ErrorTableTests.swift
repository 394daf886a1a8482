// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import TestSupport
import Testing

/// The errors of the engine's README, measured again: 3x3 kernels over a 14x14 map, data uniform in
/// -1 ... 1, relative to the output's rms, against sums in double precision.
@Suite("The table of errors")
struct ErrorTableTests {
    struct Row: Equatable, CustomStringConvertible {
        let algorithm: Algorithm
        let dtype: DType
        let channels: Int
        let rms: Double
        let max: Double

        var description: String {
            "| `\(algorithm.name)` | \(dtype.rawValue) | \(channels) "
                + "| \(String(format: "%.1e", rms)) | \(String(format: "%.1e", max)) |"
        }
    }

    static let channels = [32, 512]

    static func measure(_ algorithm: Algorithm, _ dtype: DType, channels: Int) throws -> Row {
        let isTransposed = algorithm == .stridePhases || algorithm == .columnScatter
        var options = ConvolutionOptions()
        options.padding = .symmetric([1])
        options.algorithm = algorithm
        let geometry = try ConvolutionGeometry(
            isTransposed ? .transposed : .forward, spatialRank: 2, input: [1, channels, 14, 14],
            weight: isTransposed ? [channels, 8, 3, 3] : [8, channels, 3, 3], bias: nil,
            options: options)
        let input = Tensor.random(geometry.inputShape, dtype, seed: 1)
        let weight = Tensor.random(geometry.weightShape, dtype, seed: 2)
        let expected = Convolve.reference(geometry, input: input, weight: weight, bias: nil)
        let found = try Convolution(geometry, options: options)
            .run(Convolution.Operands(input: input, weight: weight)).output.doubles
        let scale = rms(expected)
        let errors = zip(found, expected).map { abs($0 - $1) / scale }
        return Row(
            algorithm: algorithm, dtype: dtype, channels: channels, rms: rms(errors),
            max: errors.max()!)
    }

    private static func rms(_ values: [Double]) -> Double {
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }

    @Test("keeps what precision promises and the README tells", arguments: Algorithm.allCases)
    func promises(_ algorithm: Algorithm) throws {
        let readme = try Self.readmeRows()
        for dtype in [DType.float32, .float64] {
            for channels in Self.channels {
                let row = try Self.measure(algorithm, dtype, channels: channels)
                // In float64 the judge's own sums round as much.
                let factor: Double = algorithm == .winograd ? 1.5 : 1
                let most =
                    dtype == .float32
                    ? (rms: 1e-6 * factor, max: 1e-5 * factor) : (rms: 4e-15, max: 2e-14)
                #expect(row.rms <= most.rms && row.max <= most.max, "\(row)")
                let cells = "| `\(algorithm.name)` | \(dtype.rawValue) | \(channels) |"
                guard let told = readme.first(where: { $0.hasPrefix(cells) }) else {
                    Issue.record("the README has no row \(row)")
                    continue
                }
                let figures = told.split(separator: "|").suffix(2).compactMap {
                    Double($0.trimmingCharacters(in: .whitespaces))
                }
                // Instruction sets sum in different orders.
                #expect(figures.count == 2 && row.rms <= 1.5 * figures[0], "\(row), told \(told)")
                #expect(figures.count == 2 && row.max <= 3 * figures[1], "\(row), told \(told)")
            }
        }
    }

    private static func readmeRows() throws -> [String] {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/ConvolutionEngine/README.md")
        return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
