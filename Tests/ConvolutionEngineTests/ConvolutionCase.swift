// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One geometry to try, by name.
struct ConvolutionCase: Sendable, CustomStringConvertible {
    var name = "base"
    var direction = ConvolutionGeometry.Direction.forward
    var input = [2, 5, 11, 13]
    var weight = [7, 5, 3, 3]
    var options = ConvolutionOptions()
    var bias = true

    var description: String {
        "\(name): \(direction) input \(input) weight \(weight) \(options) bias \(bias)"
    }

    var spatialRank: Int { weight.count > 2 ? weight.count - 2 : 2 }

    var isBatched: Bool { input.count == spatialRank + 2 }

    var geometry: ConvolutionGeometry {
        get throws {
            let outputs =
                direction == .forward ? weight[0] : weight[1] * options.groups
            return try ConvolutionGeometry(
                direction, spatialRank: spatialRank, input: input, weight: weight,
                bias: bias ? [outputs] : nil, options: options)
        }
    }

    /// A row that differs from the base by what `change` does.
    static func row(_ name: String, _ change: (inout ConvolutionCase) -> Void) -> ConvolutionCase {
        var row = ConvolutionCase(name: name)
        change(&row)
        return row
    }
}

extension ConvolutionCase {
    static let forward: [ConvolutionCase] = [
        row("base") { _ in },
        row("no bias") { $0.bias = false },
        row("stride 2") { $0.options.stride = [2] },
        row("stride 3, 2") { $0.options.stride = [3, 2] },
        row("stride larger than kernel") { $0.options.stride = [5, 4] },
        row("padding 1") { $0.options.padding = .symmetric([1]) },
        row("padding 2, 3, stride 2") {
            $0.options.padding = .symmetric([2, 3])
            $0.options.stride = [2]
        },
        row("padding before only") { $0.options.padding = .pairs([[3, 0], [1, 0]]) },
        row("padding after only") { $0.options.padding = .pairs([[0, 2], [0, 4]]) },
        row("padding larger than input") { $0.options.padding = .symmetric([17]) },
        row("same, even kernel") {
            $0.weight = [7, 5, 4, 2]
            $0.options.padding = .same
        },
        row("dilation 2") { $0.options.dilation = [2] },
        row("dilation 3, 2, stride 2, padding") {
            $0.options.dilation = [3, 2]
            $0.options.stride = [2]
            $0.options.padding = .symmetric([4])
        },
        row("dilation as large as the input allows") { $0.options.dilation = [5, 6] },
        row("far taps") {
            $0.input = [1, 2, 3, 700]
            $0.weight = [5, 2, 1, 3]
            $0.options.dilation = [1, 340]
        },
        row("far pixels") {
            $0.input = [1, 2, 3, 2000]
            $0.weight = [5, 2, 1, 2]
            $0.options.stride = [1, 400]
        },
        row("an ocean of padding") {
            $0.input = [1, 2, 3, 3]
            $0.weight = [5, 2, 2, 2]
            $0.options.padding = .symmetric([60])
            $0.options.dilation = [40, 61]
        },
        row("groups 2") {
            $0.input[1] = 6
            $0.weight = [10, 3, 3, 3]
            $0.options.groups = 2
        },
        row("depthwise") {
            $0.weight = [5, 1, 3, 3]
            $0.options.groups = 5
        },
        row("depthwise, multiplier 3") {
            $0.weight = [15, 1, 3, 3]
            $0.options.groups = 5
            $0.options.padding = .symmetric([1])
        },
        row("pointwise") { $0.weight = [7, 5, 1, 1] },
        row("pointwise, stride 2") {
            $0.weight = [7, 5, 1, 1]
            $0.options.stride = [2]
        },
        row("2 x 3 kernel, stride 3, 2, 67 channels") {
            $0.input = [1, 67, 8, 71]
            $0.weight = [9, 67, 2, 3]
            $0.options.stride = [3, 2]
        },
        row("pointwise with padding") {
            $0.weight = [7, 5, 1, 1]
            $0.options.padding = .symmetric([1])
        },
        row("kernel as large as the input") { $0.weight = [7, 5, 11, 13] },
        row("1 x 7 kernel") { $0.weight = [7, 5, 1, 7] },
        row("7 x 1 kernel") { $0.weight = [7, 5, 7, 1] },
        row("one output channel") { $0.weight = [1, 5, 3, 3] },
        row("one pixel") {
            $0.input = [1, 5, 1, 1]
            $0.weight = [7, 5, 1, 1]
        },
        row("empty batch") { $0.input[0] = 0 },
        row("no input channels") {
            $0.input[1] = 0
            $0.weight[1] = 0
        },
        row("unbatched") { $0.input = [5, 11, 13] },
        row("plain") {
            $0.input = [11, 13]
            $0.weight = [3, 3]
            $0.bias = false
        },
        row("1-d") {
            $0.input = [2, 5, 131]
            $0.weight = [7, 5, 3]
        },
        row("1-d, stride 5, kernel 10") {
            $0.input = [1, 1, 1000]
            $0.weight = [19, 1, 10]
            $0.options.stride = [5]
        },
        row("1-d, stride 5, kernel 10, many channels") {
            $0.input = [1, 1, 9000]
            $0.weight = [67, 1, 10]
            $0.options.stride = [5]
        },
        row("3-d") {
            $0.input = [2, 3, 5, 7, 6]
            $0.weight = [7, 3, 3, 2, 3]
            $0.options.padding = .symmetric([1])
        },
        row("3-d, everything") {
            $0.input = [1, 4, 9, 8, 10]
            $0.weight = [6, 2, 2, 3, 3]
            $0.options.groups = 2
            $0.options.stride = [2, 1, 3]
            $0.options.dilation = [3, 2, 1]
            $0.options.padding = .pairs([[2, 0], [1, 3], [0, 1]])
        },
        row("many blocks of pixels") {
            $0.input = [1, 3, 41, 43]
            $0.options.padding = .symmetric([1])
            $0.weight = [9, 3, 3, 3]
        },
        row("wide rows") {
            $0.input = [1, 3, 9, 517]
            $0.options.padding = .symmetric([1])
            $0.weight = [9, 3, 3, 3]
        },
        row("several chunks of the sum") {
            $0.input = [1, 97, 6, 5]
            $0.weight = [5, 97, 3, 3]
        },
        row("a sum longer than a chunk within a channel") {
            $0.input = [1, 2, 31, 33]
            $0.weight = [5, 2, 19, 21]
        },
        row("many output channels") {
            $0.input = [1, 3, 5, 5]
            $0.weight = [401, 3, 3, 3]
        },
        row("few pixels, whole panels of output channels") {
            $0.input = [1, 35, 6, 5]
            $0.weight = [16, 35, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("few pixels, whole panels, groups") {
            $0.input = [2, 12, 5, 4]
            $0.weight = [16, 6, 3, 3]
            $0.options.groups = 2
        },
        row("a last panel of one vector") {
            $0.input = [1, 3, 7, 7]
            $0.weight = [9, 3, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("a column for itself, rows in place alone and panels in a batch") {
            $0.input = [3, 37, 7, 7]
            $0.weight = [24, 37, 3, 3]
            $0.options.padding = .symmetric([1])
        },
        row("one pixel") {
            $0.input = [2, 171, 1, 1]
            $0.weight = [19, 171, 1, 1]
        },
        row("one pixel, rows in place") {
            $0.input = [1, 300, 1, 1]
            $0.weight = [16, 300, 1, 1]
        },
    ]

    static let transposed: [ConvolutionCase] = {
        func row(_ name: String, _ change: (inout ConvolutionCase) -> Void) -> ConvolutionCase {
            var row = ConvolutionCase(name: "transposed, " + name, direction: .transposed)
            row.weight = [5, 7, 3, 3]
            change(&row)
            return row
        }
        return [
            row("base") { _ in },
            row("no bias") { $0.bias = false },
            row("depthwise, taps as far apart as sizes may be") {
                $0.input = [1, 16, 2, 2]
                $0.weight = [16, 1, 2, 2]
                $0.options.groups = 16
                $0.options.dilation = [1 << 39]
                $0.options.padding = .symmetric([1 << 38])
            },
            row("depthwise, strides as large as sizes may be") {
                $0.input = [1, 16, 2, 2]
                $0.weight = [16, 1, 2, 2]
                $0.options.groups = 16
                $0.options.stride = [1 << 38]
                $0.options.padding = .symmetric([1 << 37])
            },
            row("one pixel, groups") {
                $0.input = [2, 300, 1, 1]
                $0.weight = [300, 7, 4, 3]
                $0.options.groups = 2
                $0.options.padding = .symmetric([1])
            },
            row("stride 2") { $0.options.stride = [2] },
            row("stride 2, padding 1, output padding 1") {
                $0.options.stride = [2]
                $0.options.padding = .symmetric([1])
                $0.options.outputPadding = [1]
            },
            row("stride larger than kernel") { $0.options.stride = [4, 5] },
            row("stride 3, 2, kernel 4, 2") {
                $0.weight = [5, 7, 4, 2]
                $0.options.stride = [3, 2]
                $0.options.padding = .symmetric([1, 0])
            },
            row("dilation 2, stride 3") {
                $0.options.stride = [3]
                $0.options.dilation = [2]
            },
            row("dilation 2, stride 2: some residues have no taps") {
                $0.options.stride = [2]
                $0.options.dilation = [2]
            },
            row("uneven padding") {
                $0.options.stride = [2]
                $0.options.padding = .pairs([[2, 0], [0, 1]])
            },
            row("groups 2") {
                $0.input[1] = 6
                $0.weight = [6, 4, 3, 3]
                $0.options.groups = 2
                $0.options.stride = [2]
            },
            row("depthwise") {
                $0.weight = [5, 1, 4, 4]
                $0.options.groups = 5
                $0.options.stride = [2]
                $0.options.padding = .symmetric([1])
            },
            row("empty batch") { $0.input[0] = 0 },
            row("unbatched") { $0.input = [5, 11, 13] },
            row("plain") {
                $0.input = [11, 13]
                $0.weight = [3, 3]
                $0.bias = false
            },
            row("1-d, kernel 16, stride 8") {
                $0.input = [1, 5, 37]
                $0.weight = [5, 7, 16]
                $0.options.stride = [8]
                $0.options.padding = .symmetric([4])
            },
            row("3-d") {
                $0.input = [2, 3, 3, 4, 5]
                $0.weight = [3, 4, 3, 2, 4]
                $0.options.stride = [2, 1, 3]
                $0.options.padding = .symmetric([1])
                $0.options.outputPadding = [1, 0, 2]
            },
            row("stride 4") {
                $0.input = [2, 5, 5, 21]
                $0.weight = [5, 7, 4, 8]
                $0.options.stride = [4]
            },
            row("stride 8, kernel 8, 16") {
                $0.input = [1, 5, 3, 19]
                $0.weight = [5, 7, 8, 16]
                $0.options.stride = [8]
                $0.options.padding = .symmetric([0, 4])
            },
            row("taps of one output channel in blocks") {
                $0.input = [1, 3, 3, 4]
                $0.weight = [3, 2, 17, 19]
                $0.options.stride = [5, 4]
                $0.options.padding = .symmetric([3, 2])
            },
            row("a row of taps in blocks") {
                $0.input = [1, 3, 5]
                $0.weight = [3, 2, 300]
                $0.options.stride = [7]
                $0.options.padding = .symmetric([11])
            },
            row("several blocks of pixels, several chunks of channels") {
                $0.input = [1, 300, 15, 14]
                $0.weight = [300, 3, 2, 3]
                $0.options.stride = [2]
            },
            row("few pixels, many weights") {
                $0.input = [2, 80, 3, 5]
                $0.weight = [80, 60, 4, 4]
                $0.options.stride = [2]
                $0.options.padding = .symmetric([1])
            },
            row("one output pixel") {
                $0.input = [1, 5, 2, 2]
                $0.options.stride = [3]
                $0.options.padding = .pairs([[2, 3], [3, 2]])
            },
            row("more phases than are worth their while") {
                $0.input = [1, 5, 3, 3]
                $0.weight = [5, 2, 12, 11]
                $0.options.stride = [13, 9]
            },
            row("large maps") {
                $0.input = [1, 3, 33, 130]
                $0.weight = [3, 9, 4, 4]
                $0.options.stride = [2]
                $0.options.padding = .symmetric([1])
            },
        ]
    }()
}
