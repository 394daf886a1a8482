// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// What only ``Algorithm/direct`` does: windows of every height, tiles of every shape.
@Suite("Direct convolution")
struct DirectConvolutionTests {
    static func depthwise(
        _ name: String, _ size: [Int], _ kernel: [Int], channels: Int = 3,
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        .row("depthwise, " + name) {
            $0.input = [2, channels] + size
            $0.weight = [channels, 1] + kernel
            $0.options.groups = channels
            change(&$0)
        }
    }

    static let rows: [ConvolutionCase] =
        (1...12).flatMap { kernel in
            [1, 2].map { stride in
                depthwise("kernel \(kernel), stride \(stride)", [13, 21], [kernel, 3]) {
                    $0.options.stride = [stride]
                    $0.options.padding = .symmetric([kernel / 2, 1])
                }
            }
        }
        + (1...9).map { height in
            depthwise("\(height) rows", [height, 19], [3, 3]) {
                $0.options.padding = .symmetric([1])
            }
        }
        + (1...40).map { width in
            depthwise("\(width) columns", [6, width], [5, 5]) {
                $0.options.padding = .symmetric([2])
            }
        }
        + [
            ShiftedColumnsTests.dense("rows joined", [2, 5, 13, 7], [9, 5, 1, 1]),
            ShiftedColumnsTests.dense("rows joined, no vector", [3, 2, 1, 3], [6, 2, 1, 1]),
            ShiftedColumnsTests.dense("rows joined, depths", [1, 3, 2, 5, 19], [8, 3, 1, 1, 1]),
            ShiftedColumnsTests.dense("rows joined, runs", [1, 650, 9, 5], [5, 650, 1, 1]),
            ShiftedColumnsTests.dense("rows two apart", [2, 5, 13, 21], [9, 5, 1, 1]) {
                $0.options.stride = [2, 1]
            },
            ShiftedColumnsTests.dense("padding around rows", [2, 5, 13, 21], [9, 5, 1, 1]) {
                $0.options.padding = .pairs([[0, 0], [0, 3]])
            },
            ShiftedColumnsTests.dense("runs of taps", [2, 45, 7, 37], [70, 45, 3, 3]) {
                $0.options.padding = .symmetric([1])
            },
            ShiftedColumnsTests.dense("runs of taps, short rows", [1, 100, 5, 3], [7, 100, 3, 3]) {
                $0.options.padding = .symmetric([1])
            },
            ShiftedColumnsTests.dense("runs, many sums", [1, 40, 24, 90], [150, 40, 3, 3]),
            ShiftedColumnsTests.dense("depths of padding", [1, 3, 9, 20, 21], [9, 3, 7, 7, 7]) {
                $0.options.stride = [2]
                $0.options.padding = .symmetric([3])
            },
            ShiftedColumnsTests.dense(
                "more padding than depths", [2, 4, 3, 9, 9], [9, 2, 5, 5, 5]
            ) {
                $0.options.padding = .symmetric([9, 2, 2])
                $0.options.groups = 2
                $0.weight[0] = 10
            },
            depthwise("columns at both ends of a row", [5, 64], [3, 41]) {
                $0.options.padding = .symmetric([1, 20])
            },
            depthwise("more padding than may be read", [5, 64], [3, 81]) {
                $0.options.padding = .symmetric([1, 40])
            },
            depthwise("a kernel larger than the map", [9, 10], [31, 29]) {
                $0.options.padding = .symmetric([15, 14])
            },
            depthwise("dilation", [17, 18], [3, 3]) {
                $0.options.dilation = [3, 2]
                $0.options.padding = .symmetric([3, 2])
            },
            depthwise("dilation of a high kernel", [40, 18], [9, 3]) {
                $0.options.dilation = [3, 1]
                $0.options.padding = .symmetric([12, 1])
            },
            depthwise("rows that lie where they are", [13, 21], [9, 3]) {
                $0.options.padding = .symmetric([4, 0])
            },
            depthwise("1-d", [700], [4]) { $0.options.padding = .pairs([[3, 0]]) },
            depthwise("1-d, several blocks", [9000], [3]) { $0.options.padding = .symmetric([1]) },
            depthwise("3-d", [6, 9, 10], [3, 3, 3]) { $0.options.padding = .symmetric([1]) },
            depthwise("a very high kernel", [300, 9], [150, 1]) {
                $0.options.padding = .pairs([[7, 3], [0, 0]])
            },
            .row("two outputs of many channels") {
                $0.input = [1, 40, 9, 17]
                $0.weight = [2, 40, 3, 3]
                $0.options.padding = .symmetric([1])
            },
            .row("groups of six outputs, narrow") {
                $0.input = [2, 6, 7, 5]
                $0.weight = [12, 3, 3, 3]
                $0.options.groups = 2
                $0.options.padding = .symmetric([1])
            },
            .row("many channels, narrow") {
                $0.input = [1, 70, 5, 6]
                $0.weight = [9, 70, 3, 3]
                $0.options.padding = .symmetric([1])
            },
            .row("many channels, overlapping vectors") {
                $0.input = [1, 70, 5, 19]
                $0.weight = [9, 70, 3, 3]
                $0.options.padding = .symmetric([1])
            },
        ]

    @Test("every window, tile and dtype", arguments: InstructionSet.available)
    func windows(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows + Self.lanes + Self.rolling {
            for dtype in [DType.float32, .float64] {
                guard let trial = try? Trial(row, dtype, seed: 3) else { continue }
                let failure = trial.run(.direct, kernels, threads: 3)
                #expect(failure == nil, "\(isa) \(dtype) \(row): \(failure ?? "")")
            }
        }
    }

    @Test("infinities of the input stay in their windows", arguments: InstructionSet.available)
    func nonFiniteInput(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows + Self.lanes + Self.rolling {
            guard var trial = try? Trial(row, .float32, seed: 4) else { continue }
            trial.plant([.infinity, .nan, -.infinity])
            let failure = trial.run(.direct, kernels, threads: 2)
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    @Test(
        "padding is multiplied by weights that are not finite", arguments: InstructionSet.available)
    func nonFiniteWeights(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows + Self.lanes + Self.rolling {
            guard var trial = try? Trial(row, .float32, seed: 4) else { continue }
            let last = trial.weight.doubles.dropLast() + [.infinity]
            trial.weight = Tensor(trial.weight.shape, .float32, Array(last))
            let output = InvarianceTests.bits(trial, .direct, kernels, threads: 2)
            let expected = InvarianceTests.bits(trial, .im2col, kernels, threads: 1)
            let failure = mismatch(
                output.map { Double(bitPattern: $0) }, expected.map { Double(bitPattern: $0) },
                trial.tolerance)
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }

    @Test("1 thread = n threads, bit for bit", arguments: InstructionSet.available)
    func threads(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows + Self.lanes + Self.rolling {
            guard let trial = try? Trial(row, .float32, seed: 7) else { continue }
            let one = InvarianceTests.bits(trial, .direct, kernels, threads: 1)
            for threads in [2, 8] {
                let several = InvarianceTests.bits(trial, .direct, kernels, threads: threads)
                #expect(one == several, "\(isa) \(threads) threads: \(row)")
            }
        }
    }

    @Test("a 31 x 31 kernel keeps to strict", arguments: InstructionSet.available)
    func longSums(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        var trial = try Trial(
            Self.depthwise("31 x 31", [40, 40], [31, 31], channels: 2), .float32, seed: 11)
        trial.tolerance = Tolerance(relative: 1e-5)
        #expect(trial.run(.direct, kernels, threads: 1) == nil)
    }
}
