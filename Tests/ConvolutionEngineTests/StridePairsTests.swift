// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// Minimal filtering of one dimension of a convolution with a stride: pairs of outputs, the last of which may be alone.
@Suite("Minimal filtering with a stride")
struct StridePairsTests {
    private static func dense(
        _ name: String, _ input: [Int], _ weight: [Int], stride: [Int] = [2], padding: Int = 0,
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        ShiftedColumnsTests.dense(name, input, weight) {
            $0.options.stride = stride
            $0.options.padding = .symmetric([padding])
            change(&$0)
        }
    }

    static let rows: [ConvolutionCase] =
        (3...20).map { dense("\($0) rows", [1, 5, $0, 9], [7, 5, 3, 3], padding: 1) }
        + (1...17).map { dense("\($0) columns", [1, 5, 9, $0], [7, 5, 3, 3], padding: 1) }
        + (3...40).map { dense("line of \($0)", [1, 5, $0], [7, 5, 3]) }
        + (1...50).map { dense("\($0) outputs", [1, 3, 9, 9], [$0, 3, 3, 3]) }
        + [
            dense("one output of a pair", [1, 5, 3, 3], [7, 5, 3, 3]),
            dense("4x4", [2, 9, 13, 12], [17, 9, 4, 4], padding: 1),
            dense("5x2 by threes", [1, 9, 23, 14], [17, 9, 5, 2], stride: [3, 1]),
            dense("4x3 by threes and twos", [1, 9, 23, 14], [17, 9, 4, 3], stride: [3, 2]),
            dense("16x1 by eights", [1, 9, 90, 5], [17, 9, 16, 1], stride: [8, 3]),
            dense("dilated across", [1, 9, 13, 19], [17, 9, 3, 3]) {
                $0.options.dilation = [1, 3]
                $0.options.padding = .symmetric([1, 3])
            },
            dense("in groups", [2, 20, 14, 15], [34, 10, 3, 3], padding: 1) {
                $0.options.groups = 2
            },
            dense("no bias", [1, 9, 14, 15], [34, 9, 3, 3], padding: 1) { $0.bias = false },
            dense("chunks of the sum", [1, 131, 9, 10], [70, 131, 3, 3], padding: 1),
            dense("blocks of outputs", [1, 20, 57, 59], [40, 20, 3, 3], padding: 1),
            dense("wide blocks", [1, 3, 9, 901], [20, 3, 3, 3], padding: 1),
            dense("padding at one end", [1, 9, 9, 9], [17, 9, 3, 3]) {
                $0.options.padding = .pairs([[0, 2], [2, 0]])
            },
            dense("more padding than input", [1, 9, 3, 2], [17, 9, 3, 3], padding: 6),
            dense("line by fives", [2, 9, 203], [17, 9, 10], stride: [5]),
            dense("line by fives, a tap more", [1, 9, 203], [17, 9, 6], stride: [5]),
            dense("line by eights", [1, 9, 300], [17, 9, 16], stride: [8], padding: 4),
            dense("line, four taps", [1, 9, 101], [17, 9, 4], padding: 1),
            dense("line, chunks and blocks", [1, 300, 1203], [70, 300, 3], padding: 1),
            dense("line, more padding than input", [1, 9, 3], [17, 9, 3], padding: 6),
            dense("row", [1, 9, 1, 33], [17, 9, 1, 3], stride: [1, 2]),
            dense("flat volume", [1, 9, 1, 13, 14], [17, 9, 1, 3, 3], stride: [1, 2, 2]) {
                $0.options.padding = .symmetric([0, 1, 1])
            },
        ]

    @Test("sums are those of the definition", arguments: InstructionSet.available)
    func sums(isa: InstructionSet) throws {
        try ColumnChecks.sums(Self.rows, isa, .winograd, precision: .strict, seed: 31)
    }

    @Test("bits depend neither on the cores nor on the batch", arguments: InstructionSet.available)
    func invariance(isa: InstructionSet) throws {
        try ColumnChecks.invariance(Self.rows, isa, .winograd, threads: [2, 5, 8], seed: 32)
    }

    @Test("what is not finite stays in its windows", arguments: InstructionSet.available)
    func nonFinite(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteInput(Self.rows, isa, .winograd, seed: 33)
    }

    @Test("weights that are not finite", arguments: InstructionSet.available)
    func nonFiniteWeights(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteWeights(Self.rows, isa, .winograd, seed: 34)
    }

    @Test("what it cannot filter")
    func obstacles() throws {
        for row in [
            Self.dense("a tap a residue", [1, 5, 9, 9], [7, 5, 2, 2]),
            Self.dense("three taps a residue", [1, 5, 9, 9], [7, 5, 5, 5]),
            Self.dense("dilated down", [1, 5, 9, 9], [7, 5, 3, 3]) {
                $0.options.dilation = [2, 1]
            },
            Self.dense("across rows only", [1, 5, 9, 9], [7, 5, 1, 3], stride: [1, 2]),
            Self.dense("volume", [1, 5, 9, 9, 9], [7, 5, 3, 3, 3]),
            Self.dense("by nines", [1, 5, 99], [7, 5, 12], stride: [9]),
            Self.dense("no channels", [1, 0, 9, 9], [7, 0, 3, 3]),
        ] {
            let geometry = try Trial(row, .float32, seed: 35).geometry
            #expect(!Algorithm.able(for: geometry).contains(.winograd), "\(row)")
        }
    }
}
