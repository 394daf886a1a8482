// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension ConvolutionCase {
    /// Every row there is.
    static let all = forward + filtered + transposed + filteredPhases + columnSums

    /// Rows for the tiles, parts and chunks of minimal filtering.
    static let filtered: [ConvolutionCase] = [
        row("filtering, padding 1") { $0.options.padding = .symmetric([1]) },
        row("filtering, one tile") {
            $0.input = [1, 5, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("filtering, 5 x 5") {
            $0.weight = [7, 5, 5, 5]
            $0.options.padding = .symmetric([2])
        },
        row("filtering, 3 x 5") { $0.weight = [7, 5, 3, 5] },
        row("filtering, 5 x 1") { $0.weight = [7, 5, 5, 1] },
        row("filtering, 1 x 3") { $0.weight = [7, 5, 1, 3] },
        row("filtering, 3 x 1, groups") {
            $0.input[1] = 6
            $0.weight = [9, 2, 3, 1]
            $0.options.groups = 3
        },
        row("filtering, padding before only") { $0.options.padding = .pairs([[4, 0], [7, 1]]) },
        row("filtering, chunks of channels") {
            $0.input = [1, 131, 6, 27]
            $0.weight = [5, 131, 1, 3]
        },
        row("filtering, many output channels") {
            $0.input = [3, 3, 9, 8]
            $0.weight = [131, 3, 3, 3]
        },
        row("filtering, parts of a plane") {
            $0.input = [2, 3, 23, 611]
            $0.weight = [5, 3, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("filtering, parts of planes too many to share") {
            $0.input = [1, 40, 73, 263]
            $0.weight = [5, 40, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("filtering, dilation") {
            $0.input = [2, 5, 21, 34]
            $0.options.padding = .symmetric([2])
            $0.options.dilation = [2]
        },
        row("filtering, dilations apart, groups, padding before only") {
            $0.input = [2, 6, 17, 23]
            $0.weight = [9, 2, 5, 3]
            $0.options.padding = .pairs([[3, 0], [7, 1]])
            $0.options.dilation = [3, 2]
            $0.options.groups = 3
        },
        row("filtering, dilation larger than the map") {
            $0.input = [1, 3, 9, 8]
            $0.weight = [4, 3, 3, 3]
            $0.options.padding = .symmetric([11])
            $0.options.dilation = [11, 13]
        },
        row("filtering, 1-d, dilation") {
            $0.input = [3, 5, 50]
            $0.weight = [6, 5, 3]
            $0.options.dilation = [7]
        },
        row("filtering, 3-d, dilation") {
            $0.input = [2, 3, 4, 9, 11]
            $0.weight = [5, 3, 3, 3, 1]
            $0.options.padding = .symmetric([1])
            $0.options.dilation = [1, 3, 5]
        },
        row("filtering, 1-d, long") {
            $0.input = [1, 2, 4111]
            $0.weight = [3, 2, 3]
        },
        row("filtering, 1-d, 5 taps, batch") {
            $0.input = [3, 5, 50]
            $0.weight = [6, 5, 5]
            $0.options.padding = .symmetric([2])
        },
        row("filtering, 3-d, depth of a plane") {
            $0.input = [2, 3, 4, 7, 6]
            $0.weight = [5, 3, 1, 3, 3]
            $0.options.stride = [2, 1, 1]
            $0.options.padding = .pairs([[2, 1], [1, 1], [1, 0]])
        },
        row("filtering, 3-d") {
            $0.input = [2, 3, 6, 9, 11]
            $0.weight = [5, 3, 3, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("filtering, 3-d, strides of the depth, ocean of padding") {
            $0.input = [1, 4, 5, 8, 9]
            $0.weight = [6, 2, 4, 3, 5]
            $0.options.groups = 2
            $0.options.stride = [2, 1, 1]
            $0.options.padding = .pairs([[9, 0], [1, 0], [0, 3]])
        },
    ]

    /// A transposed convolution of stride 2 and padding 1, before it is changed.
    static func phases(
        _ name: String, _ input: [Int], _ weight: [Int],
        _ change: (inout ConvolutionCase) -> Void
    ) -> ConvolutionCase {
        var row = ConvolutionCase(name: name, direction: .transposed)
        row.input = input
        row.weight = weight
        row.options.stride = [2]
        row.options.padding = .symmetric([1])
        change(&row)
        return row
    }

    /// Rows for minimal filtering of the phases of transposed convolutions.
    static let filteredPhases: [ConvolutionCase] = {
        func row(_ name: String, _ change: (inout ConvolutionCase) -> Void) -> ConvolutionCase {
            phases("filtered phases, " + name, [2, 5, 11, 13], [5, 7, 4, 4], change)
        }
        return [
            row("4 x 4") { _ in },
            row("shared inputs, first outputs dropped") {
                $0.input = [1, 3, 47, 66]
                $0.weight = [3, 5, 4, 4]
            },
            row("shared in one dimension, strips") {
                $0.input = [2, 40, 9, 132]
                $0.weight = [40, 9, 4, 4]
            },
            row("even padding") { $0.options.padding = .symmetric([2]) },
            row("padding before only, output padding, groups") {
                $0.input[1] = 6
                $0.weight = [6, 3, 4, 4]
                $0.options.groups = 3
                $0.options.padding = .pairs([[3, 0], [0, 2]])
                $0.options.outputPadding = [1, 0]
            },
            row("more padding than kernel") {
                $0.options.padding = .pairs([[7, 0], [1, 9]])
            },
            row("5 x 5") {
                $0.weight = [5, 7, 5, 5]
                $0.options.padding = .symmetric([2])
                $0.options.outputPadding = [1, 1]
            },
            row("5 x 5, odd padding") { $0.weight = [5, 7, 5, 5] },
            row("5 x 5, odd padding, shared inputs") {
                $0.input = [1, 3, 49, 51]
                $0.weight = [3, 2, 5, 5]
            },
            row("3 x 3") { $0.weight = [5, 7, 3, 3] },
            row("3 x 3, even padding, output padding, groups") {
                $0.input[1] = 6
                $0.weight = [6, 3, 3, 3]
                $0.options.groups = 3
                $0.options.padding = .pairs([[2, 0], [0, 2]])
                $0.options.outputPadding = [1, 1]
            },
            row("3 x 3, chunks of channels, many outputs") {
                $0.input = [1, 131, 6, 7]
                $0.weight = [131, 67, 3, 3]
            },
            row("3 x 3, strips") {
                $0.input = [2, 40, 9, 132]
                $0.weight = [40, 9, 3, 3]
            },
            row("3 x 5, stride 2, 3") {
                $0.weight = [5, 7, 3, 5]
                $0.options.stride = [2, 3]
            },
            row("3 x 4") { $0.weight = [5, 7, 3, 4] },
            row("5 x 3") { $0.weight = [5, 7, 5, 3] },
            row("7 x 5, stride 4, 3") {
                $0.weight = [5, 7, 7, 5]
                $0.options.stride = [4, 3]
            },
            row("1-d, 3 taps, long") {
                $0.input = [1, 2, 4111]
                $0.weight = [2, 3, 3]
            },
            row("6 x 4") { $0.weight = [5, 7, 6, 4] },
            row("10 x 2") { $0.weight = [5, 7, 10, 2] },
            row("7 x 8, stride 3, 4") {
                $0.weight = [5, 7, 7, 8]
                $0.options.stride = [3, 4]
            },
            row("stride 1, 3 x 5") {
                $0.weight = [5, 7, 3, 5]
                $0.options.stride = [1]
            },
            row("stride 1 and 2") {
                $0.weight = [5, 7, 3, 4]
                $0.options.stride = [1, 2]
            },
            row("chunks of channels, many outputs") {
                $0.input = [1, 131, 6, 7]
                $0.weight = [131, 67, 4, 4]
            },
            row("1-d, stride 8") {
                $0.input = [3, 5, 90]
                $0.weight = [5, 6, 16]
                $0.options.stride = [8]
                $0.options.padding = .symmetric([4])
            },
            row("1-d, long") {
                $0.input = [1, 2, 4111]
                $0.weight = [2, 3, 4]
            },
            row("3-d, strides of the depth") {
                $0.input = [2, 3, 4, 7, 6]
                $0.weight = [3, 5, 3, 4, 4]
                $0.options.outputPadding = [1, 0, 1]
            },
            row("3-d, depth of a plane, stride 3") {
                $0.input = [2, 4, 3, 7, 6]
                $0.weight = [4, 3, 1, 3, 5]
                $0.options.groups = 2
                $0.options.stride = [3, 1, 1]
            },
        ]
    }()
}
