// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension ConvolutionCase {
    /// Transposed rows of many pixels and few output channels, whose taps are added row by row.
    static let columnSums: [ConvolutionCase] = {
        func row(_ name: String, _ change: (inout ConvolutionCase) -> Void) -> ConvolutionCase {
            phases("column sums, " + name, [1, 9, 12, 19], [9, 3, 4, 4], change)
        }
        return [
            row("4 x 4, stride 2") { _ in },
            row("images and groups") {
                $0.input[0] = 3
                $0.weight[1] = 2
                $0.options.groups = 3
            },
            row("five images") { $0.input[0] = 5 },
            row("stride 3, taps that reach nothing") {
                $0.options.stride = [3]
                $0.options.padding = .symmetric([5])
            },
            row("stride larger than the kernel") {
                $0.options.stride = [7, 5]
                $0.options.padding = .symmetric([0])
                $0.options.outputPadding = [6, 4]
            },
            row("dilation") {
                $0.options.dilation = [3, 2]
                $0.options.stride = [2, 4]
            },
            row("stride 1") { $0.options.stride = [1] },
            row("fewer outputs than the stride") {
                $0.input = [2, 9, 200]
                $0.weight = [9, 2, 601]
                $0.options.stride = [3]
                $0.options.padding = .symmetric([598])
            },
            row("1-d") {
                $0.input = [2, 9, 300]
                $0.weight = [9, 1, 16]
                $0.options.stride = [8]
                $0.options.padding = .symmetric([4])
            },
            row("3-d") {
                $0.input = [2, 9, 4, 5, 9]
                $0.weight = [9, 2, 3, 2, 4]
                $0.options.stride = [2, 1, 3]
            },
        ]
    }()
}
