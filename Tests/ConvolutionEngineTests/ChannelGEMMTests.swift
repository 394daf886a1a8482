// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// `im2col` with output channels in the lanes: maps that fill no vector, of every number of pixels.
@Suite("Products with output channels in the lanes")
struct ChannelGEMMTests {
    private static let dense = ShiftedColumnsTests.dense

    static let rows: [ConvolutionCase] =
        (4...40).map { width in
            dense("\(width) pixels", [1, 70, 1, width], [35, 70, 1, 1]) { _ in }
        }
        + (32...66).map { outputs in
            dense("\(outputs) channels", [1, 9, 5, 7], [outputs, 9, 3, 3]) {
                $0.options.padding = .symmetric([1])
            }
        }
        + [
            dense("batch, three blocks", [3, 40, 19, 27], [100, 40, 1, 1]) { _ in },
            dense("batch, padded", [2, 40, 13, 14], [100, 40, 3, 3]) {
                $0.options.padding = .symmetric([1])
            },
            dense("in groups", [2, 80, 7, 7], [134, 40, 3, 3]) {
                $0.options.groups = 2
                $0.options.padding = .symmetric([1])
            },
            dense("no bias", [1, 64, 7, 7], [64, 64, 3, 3]) {
                $0.bias = false
                $0.options.padding = .symmetric([1])
            },
            dense("stride 2, padded", [1, 40, 27, 29], [64, 40, 3, 3]) {
                $0.options.stride = [2]
                $0.options.padding = .symmetric([1])
            },
            dense("stride 2, 1x1", [2, 70, 27, 29], [64, 70, 1, 1]) { $0.options.stride = [2] },
            dense("stride 3 and 2, inside", [1, 20, 31, 30], [64, 20, 5, 4]) {
                $0.options.stride = [3, 2]
            },
            dense("dilated", [1, 20, 17, 19], [64, 20, 3, 3]) {
                $0.options.dilation = [2, 3]
                $0.options.padding = .symmetric([2, 3])
            },
            dense("padding at one end", [1, 20, 9, 9], [64, 20, 3, 3]) {
                $0.options.padding = .pairs([[0, 2], [2, 0]])
            },
            dense("more padding than input", [1, 20, 3, 2], [64, 20, 3, 3]) {
                $0.options.padding = .symmetric([6])
            },
            dense("many chunks of the sum", [1, 300, 6, 7], [64, 300, 3, 3]) {
                $0.options.padding = .symmetric([1])
            },
            dense("a chunk that ends early", [1, 259, 5, 7], [64, 259, 1, 1]) { _ in },
            dense("1-d", [2, 40, 107], [64, 40, 3]) { $0.options.padding = .symmetric([1]) },
            dense("1-d, stride 5", [1, 30, 703], [64, 30, 7]) {
                $0.options.stride = [5]
                $0.options.padding = .symmetric([3])
            },
            dense("1-d, several blocks", [1, 90, 2003], [70, 90, 3]) {
                $0.options.padding = .symmetric([1])
            },
            dense("3-d", [1, 9, 5, 6, 7], [40, 9, 3, 3, 3]) {
                $0.options.padding = .symmetric([1])
            },
            dense("far taps", [1, 20, 2, 3], [64, 20, 3, 3]) {
                $0.options.dilation = [60_000]
                $0.options.padding = .symmetric([60_000])
            },
            dense("far pixels", [1, 20, 4, 100_001], [64, 20, 2, 2]) {
                $0.options.stride = [1, 50_000]
                $0.options.padding = .symmetric([1])
            },
            dense("taps that see nothing", [1, 20, 5, 6], [64, 20, 7, 3]) {
                $0.options.padding = .pairs([[9, 4], [1, 1]])
            },
            dense("1-d, taps that see nothing", [1, 20, 15], [64, 20, 9]) {
                $0.options.padding = .symmetric([12])
                $0.options.dilation = [2]
            },
            dense("3-d, flat kernel", [1, 30, 3, 5, 5], [64, 30, 1, 3, 3]) {
                $0.options.padding = .symmetric([0, 1, 1])
            },
            dense("3-d, several blocks", [1, 20, 9, 11, 13], [70, 20, 2, 3, 3]) {
                $0.options.padding = .symmetric([1])
                $0.options.stride = [1, 2, 1]
            },
        ]

    @Test("sums are those of the definition", arguments: InstructionSet.available)
    func sums(isa: InstructionSet) throws {
        try ColumnChecks.sums(Self.rows, isa, seed: 21)
    }

    @Test("bits depend neither on the cores nor on the batch", arguments: InstructionSet.available)
    func invariance(isa: InstructionSet) throws {
        try ColumnChecks.invariance(Self.rows, isa, threads: [2, 5, 8], seed: 22)
    }

    @Test("what is not finite stays in its windows", arguments: InstructionSet.available)
    func nonFinite(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteInput(Self.rows, isa, seed: 23)
    }

    @Test(
        "padding is multiplied by weights that are not finite", arguments: InstructionSet.available)
    func nonFiniteWeights(isa: InstructionSet) throws {
        try ColumnChecks.nonFiniteWeights(Self.rows, isa, seed: 24)
    }
}
