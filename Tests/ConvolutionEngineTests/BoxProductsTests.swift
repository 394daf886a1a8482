// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// Taps so far apart that `im2col` passes over the padding.
@Suite("Boxes of outputs that look at no padding")
struct BoxProductsTests {
    static func apart(
        _ name: String, _ input: [Int], _ weight: [Int], dilation: Int, padding: Int,
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        ShiftedColumnsTests.dense(name, input, weight) {
            $0.options.dilation = [dilation]
            $0.options.padding = .symmetric([padding])
            change(&$0)
        }
    }

    static let rows: [ConvolutionCase] = [
        apart("2-d", [2, 96, 33, 33], [64, 96, 3, 3], dilation: 12, padding: 12),
        apart("in groups", [1, 192, 26, 33], [134, 96, 3, 3], dilation: 12, padding: 12) {
            $0.options.groups = 2
        },
        apart("no bias", [1, 100, 21, 29], [70, 100, 3, 3], dilation: 9, padding: 9) {
            $0.bias = false
        },
        apart("stride 2", [1, 96, 50, 51], [64, 96, 3, 3], dilation: 20, padding: 20) {
            $0.options.stride = [2]
        },
        apart("uneven padding", [1, 96, 30, 31], [64, 96, 3, 3], dilation: 12, padding: 0) {
            $0.options.padding = .pairs([[12, 3], [0, 17]])
        },
        apart("two taps by one", [1, 96, 30, 31], [64, 96, 2, 1], dilation: 19, padding: 0) {
            $0.options.padding = .pairs([[19, 0], [0, 0]])
        },
        apart("chunks of channels", [1, 300, 20, 20], [64, 300, 3, 3], dilation: 8, padding: 8),
        apart("1-d", [2, 96, 300], [64, 96, 3], dilation: 140, padding: 140),
        apart("1-d, causal", [1, 64, 400], [67, 64, 2], dilation: 256, padding: 0) {
            $0.options.padding = .pairs([[256, 0]])
        },
        ShiftedColumnsTests.dense("3-d, few depths", [1, 96, 3, 9, 8], [64, 96, 5, 1, 1]) {
            $0.options.padding = .symmetric([2, 0, 0])
        },
    ]

    @Test("sums are those of the definition", arguments: InstructionSet.available)
    func sums(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows {
            for dtype in [DType.float32, .float64] {
                var trial = try Trial(row, dtype, seed: 11)
                // The definition's own sums of a thousand products in float64 are no more exact.
                if dtype == .float64 { trial.tolerance = Tolerance(relative: 3e-14) }
                let failure = trial.run(.im2col, kernels, threads: 2)
                #expect(failure == nil, "\(isa) \(dtype) \(row): \(failure ?? "")")
            }
        }
    }

    @Test("bits depend neither on the cores nor on the batch", arguments: InstructionSet.available)
    func invariance(isa: InstructionSet) throws {
        try ColumnChecks.invariance(Self.rows, isa, threads: [3], seed: 12)
    }

    @Test("what is not finite stays in its windows", arguments: InstructionSet.available)
    func nonFiniteInput(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteInput(Self.rows, isa, seed: 13)
    }

    @Test(
        "padding is multiplied by weights that are not finite", arguments: InstructionSet.available)
    func nonFiniteWeights(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteWeights(Self.rows, isa, seed: 14)
    }
}
