// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport
import Testing

/// Products whose rows of B are shifted planes: maps of every width, strides, ends of the tensor.
@Suite("Columns that are shifted planes")
struct ShiftedColumnsTests {
    static func dense(
        _ name: String, _ input: [Int], _ weight: [Int],
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        .row(name) {
            ($0.input, $0.weight) = (input, weight)
            change(&$0)
        }
    }

    static let rows: [ConvolutionCase] =
        (1...34).map { width in
            dense("\(width) columns", [1, 4, 4, width], [9, 4, 3, 3]) {
                $0.options.padding = .symmetric([1])
            }
        }
        + [2, 4].flatMap { stride in
            (1...19).map { size in
                dense("stride \(stride), \(size) columns", [2, 5, 9, size], [10, 5, 3, 3]) {
                    $0.options.stride = [stride]
                    $0.options.padding = .symmetric([1])
                }
            }
        }
        + (8...21).flatMap { outputs in
            [1, 2, 7].map { size in
                dense(
                    "\(outputs) outputs of \(size) pixels", [1, 300, 1, size], [outputs, 300, 1, 1])
            }
        }
        + (1...17).map { outputs in
            dense("\(outputs) outputs of a pixel", [1, 300, 7, 11], [outputs, 300, 1, 1])
        }
        + [
            dense("a kernel larger than the map", [1, 4, 5, 6], [9, 4, 9, 11]) {
                $0.options.padding = .symmetric([4, 5])
            },
            dense("shifts beyond the slack", [1, 2, 9, 130], [9, 2, 5, 5]) {
                $0.options.padding = .symmetric([2])
            },
            dense("shifts beyond the slack, dilated, in groups", [2, 8, 30, 61], [8, 4, 3, 3]) {
                $0.options.padding = .symmetric([9])
                $0.options.dilation = [9]
                $0.options.groups = 2
            },
            dense("patches of four", [1, 3, 16, 20], [12, 3, 4, 4]) { $0.options.stride = [4] },
            dense("patches of four, uneven", [1, 3, 19, 23], [12, 3, 4, 4]) {
                $0.options.stride = [4]
            },
            dense("strides 2 and 1", [1, 5, 13, 12], [9, 5, 3, 3]) {
                $0.options.stride = [2, 1]
                $0.options.padding = .symmetric([1])
            },
            dense("strides 1 and 2", [1, 5, 13, 12], [9, 5, 3, 3]) {
                $0.options.stride = [1, 2]
                $0.options.padding = .symmetric([1])
            },
            dense("stride 2, more padding than input", [1, 4, 5, 6], [9, 4, 3, 3]) {
                $0.options.stride = [2]
                $0.options.padding = .symmetric([12])
            },
            dense("more rows in than out", [1, 3, 17, 12], [9, 3, 5, 3]) {
                $0.options.padding = .symmetric([0, 1])
            },
            dense("more rows out than in", [1, 30, 5, 3], [9, 30, 3, 3]) {
                $0.options.padding = .symmetric([10, 1])
            },
            dense("1-d, more padding than input", [1, 30, 9], [9, 30, 3]) {
                $0.options.padding = .symmetric([40])
            },
            dense("1-d", [2, 40, 700], [9, 40, 3]) { $0.options.padding = .symmetric([1]) },
            dense("1-d, wide", [1, 20, 5000], [9, 20, 3]),
            dense("1-d, stride 2", [2, 40, 701], [9, 40, 3]) { $0.options.stride = [2] },
            dense("1-d, stride 4, padding", [1, 9, 403], [9, 9, 10]) {
                $0.options.stride = [4]
                $0.options.padding = .symmetric([130])
            },
            dense("1-d, padding at one end", [1, 9, 403], [9, 9, 4]) {
                $0.options.padding = .pairs([[3, 0]])
            },
            dense("3-d", [1, 5, 4, 6, 7], [9, 5, 3, 3, 3]) {
                $0.options.padding = .symmetric([1])
            },
            dense("3-d, taps beyond the depth", [1, 7, 2, 6, 7], [9, 7, 5, 1, 1]) {
                $0.options.padding = .symmetric([2, 0, 0])
            },
            dense("transposed, in place", [2, 6, 9, 10], [6, 9, 4, 4]) {
                $0.direction = .transposed
                $0.options.stride = [2]
                $0.options.padding = .symmetric([1])
            },
        ]

    @Test("every width, stride and end of a tensor", arguments: InstructionSet.available)
    func columns(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows {
            for dtype in [DType.float32, .float64] {
                guard let trial = try? Trial(row, dtype, seed: 5) else { continue }
                for algorithm in [Algorithm.im2col, .stridePhases] {
                    guard (row.direction == .transposed) == (algorithm == .stridePhases) else {
                        continue
                    }
                    let failure = trial.run(algorithm, kernels, threads: 2)
                    #expect(failure == nil, "\(isa) \(dtype) \(row): \(failure ?? "")")
                }
            }
        }
    }

    @Test("what is not finite stays in its windows", arguments: InstructionSet.available)
    func nonFinite(isa: InstructionSet) throws {
        let kernels = try #require(isa.kernels)
        for row in Self.rows where row.direction == .forward {
            guard var trial = try? Trial(row, .float32, seed: 6) else { continue }
            trial.plant([.infinity, .nan, -.infinity])
            let failure = trial.run(.im2col, kernels, threads: 2)
            #expect(failure == nil, "\(isa) \(row): \(failure ?? "")")
        }
    }
}
