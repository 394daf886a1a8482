// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Depthwise windows that roll over rows: both sides, both strides, rows of every length, ends of every kind.
extension DirectConvolutionTests {
    static let rolling: [ConvolutionCase] =
        [3, 5].flatMap { side in
            [1, 2].flatMap { stride in
                (16...41).map { width in
                    rolling(
                        "\(side), stride \(stride), rows of \(width)", [9, stride * width],
                        side: side, stride: stride)
                }
                    + (1...9).map { height in
                        rolling(
                            "\(side), stride \(stride), \(height) rows", [height, 83], side: side,
                            stride: stride)
                    }
            }
        }
        + [
            rolling("3, padding before only", [12, 69], side: 3, stride: 2) {
                $0.options.padding = .pairs([[2, 0], [2, 0]])
            },
            rolling("3, padding behind only", [12, 69], side: 3, stride: 2) {
                $0.options.padding = .pairs([[0, 2], [0, 2]])
            },
            rolling("5, far padding", [12, 69], side: 5, stride: 2) {
                $0.options.padding = .symmetric([7, 23])
            },
            rolling("3, no padding", [12, 69], side: 3, stride: 2) {
                $0.options.padding = .symmetric([0])
            },
            rolling("3, dilation", [21, 69], side: 3, stride: 1) {
                $0.options.dilation = [3, 2]
                $0.options.padding = .symmetric([3, 2])
            },
            rolling("3, dilation and stride", [21, 69], side: 3, stride: 2) {
                $0.options.dilation = [2]
                $0.options.padding = .symmetric([2])
            },
            rolling("3, one stride of two", [21, 69], side: 3, stride: 2) {
                $0.options.stride = [1, 2]
            },
            rolling("3, several outputs a channel", [21, 69], side: 3, stride: 2) {
                $0.weight[0] *= 3
            },
            rolling("5, rows in several blocks", [2, 9001], side: 5, stride: 2),
            rolling("3, rows in several blocks", [2, 9001], side: 3, stride: 1),
        ]

    private static func rolling(
        _ name: String, _ size: [Int], side: Int, stride: Int,
        _ change: (inout ConvolutionCase) -> Void = { _ in }
    ) -> ConvolutionCase {
        depthwise("rolling " + name, size, [side, side]) {
            $0.options.stride = [stride]
            $0.options.padding = .symmetric([side / 2])
            change(&$0)
        }
    }
}
