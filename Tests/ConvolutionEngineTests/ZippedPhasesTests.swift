// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// Transposed convolutions whose width has stride 2: both residues go out together, wherever rows end.
@Suite("Residues that go out in pairs")
struct ZippedPhasesTests {
    static func row(
        _ name: String, _ input: [Int], _ weight: [Int],
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        .row(name) {
            ($0.input, $0.weight, $0.direction) = (input, weight, .transposed)
            $0.options.stride = [2]
            change(&$0)
        }
    }

    /// Grids below, at and above half a vector, a vector and a panel, of even and odd outputs.
    static let widths: [ConvolutionCase] = [
        1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 47, 48, 49, 97,
    ]
    .flatMap { width in
        [0, 1].flatMap { extra in
            [2, 3, 4].map { kernel in
                row(
                    "\(width) columns, kernel \(kernel), output padding \(extra)",
                    [1, 5, 3, width], [5, 9, kernel, kernel]
                ) {
                    $0.options.padding = .symmetric([kernel / 2])
                    $0.options.outputPadding = [extra]
                }
            }
        }
    }

    static let others: [ConvolutionCase] = [
        row("whole vectors", [1, 5, 6, 64], [5, 16, 3, 3]) {
            $0.options.padding = .symmetric([1])
            $0.options.outputPadding = [1]
        },
        row("the even residue looks at all positions", [2, 5, 6, 64], [5, 16, 3, 3]),
        row("several chunks of the sum", [2, 300, 5, 19], [300, 11, 2, 2]),
        row("several chunks of the sum, whole vectors", [1, 300, 2, 64], [300, 8, 3, 3]) {
            $0.options.padding = .symmetric([1])
            $0.options.outputPadding = [1]
        },
        row("several chunks of the sum, phases of one length", [1, 130, 5, 19], [130, 11, 4, 4]) {
            $0.options.padding = .symmetric([1])
        },
        row("groups", [2, 12, 7, 21], [12, 7, 3, 3]) {
            $0.options.groups = 3
            $0.options.padding = .symmetric([1])
            $0.options.outputPadding = [1]
        },
        row("many output channels", [1, 3, 6, 20], [3, 401, 2, 2]),
        row("many blocks of pixels", [2, 40, 29, 31], [40, 13, 3, 3]) {
            $0.options.padding = .symmetric([1])
        },
        row("no bias", [1, 20, 9, 18], [20, 6, 2, 2]) { $0.bias = false },
        row("a residue without taps", [1, 20, 9, 18], [20, 6, 2, 1]),
        row("a residue of the height without taps", [1, 20, 9, 18], [20, 6, 1, 2]),
        row("one column of outputs", [1, 20, 9, 1], [20, 6, 2, 3]) {
            $0.options.padding = .symmetric([0, 1])
        },
        row("strides 1 and 2", [1, 20, 9, 18], [20, 6, 3, 3]) { $0.options.stride = [1, 2] },
        row("strides 2 and 1", [1, 20, 9, 18], [20, 6, 3, 3]) { $0.options.stride = [2, 1] },
        row("strides 3 and 2", [1, 20, 9, 18], [20, 6, 4, 3]) { $0.options.stride = [3, 2] },
        row("dilation", [1, 20, 9, 18], [20, 6, 3, 3]) { $0.options.dilation = [3] },
        row("1-d", [2, 40, 700], [40, 9, 4]) { $0.options.padding = .symmetric([1]) },
        row("1-d, odd", [2, 40, 333], [40, 9, 3]) { $0.options.padding = .symmetric([1]) },
        row("3-d", [2, 5, 3, 4, 17], [5, 9, 3, 3, 3]) {
            $0.options.padding = .symmetric([1])
            $0.options.outputPadding = [0, 1, 1]
        },
        row("3-d, kernel 2", [1, 5, 3, 4, 9], [5, 9, 2, 2, 2]),
    ]

    /// Those that are geometries: one column, cut by all that a kernel adds to it, has no outputs.
    static let rows = (widths + others).filter { (try? $0.geometry) != nil }

    @Test("all but two are geometries")
    func coverage() { #expect(Self.rows.count == Self.widths.count + Self.others.count - 2) }

    @Test("against the reference", arguments: InstructionSet.available)
    func reference(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows {
            for dtype in [DType.float32, .float64] {
                let trial = try Trial(row, dtype, seed: 3)
                for threads in [1, 3] {
                    let failure = trial.run(.stridePhases, kernels, threads: threads)
                    #expect(failure == nil, "\(isa) \(dtype) \(row): \(failure ?? "")")
                }
            }
        }
    }

    @Test("residual and activation", arguments: InstructionSet.available)
    func epilogue(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows {
            let geometry = try row.geometry
            var operands = Convolution.Operands(
                input: .random(row.input, .float32, seed: 1),
                weight: .random(row.weight, .float32, seed: 2))
            if row.bias { operands.bias = .random([geometry.outputChannels], .float32, seed: 3) }
            var options = row.options
            options.algorithm = .stridePhases
            let sums = try Convolution(geometry, options: options).run(operands, kernels: kernels)
            operands.add = .random(geometry.outputShape, .float32, seed: 4)
            options.activation = .relu
            let output = try Convolution(geometry, options: options).run(operands, kernels: kernels)
            let expected = zip(sums.output.doubles, operands.add!.doubles).map { max($0 + $1, 0) }
            let failure = mismatch(output.output.doubles, expected, Tolerance(relative: 1e-6))
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    @Test(
        "bits for any number of threads, alone and in a batch", arguments: InstructionSet.available)
    func invariance(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows {
            let trial = try Trial(row, .float32, seed: 8)
            let whole = InvarianceTests.bits(trial, .stridePhases, kernels, threads: 1)
            for threads in [2, 5] {
                let bits = InvarianceTests.bits(trial, .stridePhases, kernels, threads: threads)
                #expect(whole == bits, "\(isa) \(threads) threads: \(row)")
            }
            guard row.input[0] > 1 else { continue }
            let alone = try (0..<row.input[0]).flatMap {
                try InvarianceTests.bits(
                    trial.image($0, of: row), .stridePhases, kernels, threads: 2)
            }
            #expect(whole == alone, "\(isa): \(row)")
        }
    }
}
