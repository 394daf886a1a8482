// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// Minimal filtering down a transposed convolution whose rows have one tap or two: pairs of rows of each residue, the
/// first and last of which may lie outside.
@Suite("Minimal filtering of transposed rows")
struct TransposedPairsTests {
    private static func row(
        _ name: String, _ input: [Int], _ weight: [Int], stride: [Int] = [2], padding: [Int] = [1],
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        ZippedPhasesTests.row(name, input, weight) {
            $0.options.stride = stride
            $0.options.padding = .symmetric(padding)
            change(&$0)
        }
    }

    static let rows: [ConvolutionCase] =
        (1...12).map { row("\($0) rows", [1, 5, $0, 9], [5, 7, 3, 3]) }
        + (1...17).map { row("\($0) columns", [1, 5, 6, $0], [5, 7, 3, 3]) }
        + (1...50).map { row("\($0) outputs", [1, 3, 5, 5], [3, $0, 3, 3]) }
        + (0...2).flatMap { down in
            (0...2).map { across in
                row(
                    "padding \(down), \(across)", [1, 5, 6, 7], [5, 7, 3, 3],
                    padding: [down, across])
            }
        }
        + [
            row("output padding", [2, 9, 6, 7], [9, 17, 3, 3]) { $0.options.outputPadding = [1] },
            row("5x5 by threes", [1, 9, 7, 8], [9, 17, 5, 5], stride: [3]),
            row("4x3 by threes and twos", [1, 9, 7, 8], [9, 17, 4, 3], stride: [3, 2]),
            row("3x1", [1, 9, 7, 8], [9, 17, 3, 1], stride: [2, 1], padding: [1, 0]),
            row(
                "3x5 by twos and ones", [1, 9, 7, 8], [9, 17, 3, 5], stride: [2, 1],
                padding: [1, 2]),
            row("7x4 by fours", [1, 4, 5, 3], [4, 17, 7, 4], stride: [4], padding: [3]),
            row("in groups", [2, 20, 7, 8], [20, 17, 3, 3]) { $0.options.groups = 2 },
            row("no bias", [1, 9, 7, 8], [9, 34, 3, 3]) { $0.bias = false },
            row("chunks of the sum", [1, 300, 5, 6], [300, 70, 3, 3]),
            row("blocks of rows", [1, 20, 29, 31], [20, 40, 3, 3]),
            row("wide blocks", [1, 3, 5, 451], [3, 20, 3, 3]),
        ]

    @Test("sums are those of the definition", arguments: InstructionSet.available)
    func sums(isa: InstructionSet) throws {
        try ColumnChecks.sums(Self.rows, isa, .winograd, seed: 41)
    }

    @Test("bits depend neither on the cores nor on the batch", arguments: InstructionSet.available)
    func invariance(isa: InstructionSet) throws {
        try ColumnChecks.invariance(Self.rows, isa, .winograd, threads: [2, 5, 8], seed: 42)
    }

    @Test("what is not finite stays in its windows", arguments: InstructionSet.available)
    func nonFinite(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteInput(Self.rows, isa, .winograd, seed: 43)
    }
}
