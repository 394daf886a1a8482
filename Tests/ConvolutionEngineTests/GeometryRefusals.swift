// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The rows of GeometryRefusalTests, by topic.
enum GeometryRefusals {
    static let all = [
        ranks, sizes, parameters, padding, channels, fit, transposed, limits, options,
    ].flatMap { $0 }

    static let ranks = [
        Refusal(
            "input rank", "input",
            """
            input shape [13, 11] has 2 dimensions; conv2d takes [N, C_in, H, W], or [C_in, \
            H, W] without a batch; a plain [H, W] input goes with a plain [kH, kW] weight
            """
        ) {
            $0.input = [13, 11]
        },
        Refusal(
            "input rank, 1-d", of: .line, "input",
            """
            input shape [5] has 1 dimension; conv1d takes [N, C_in, L], or [C_in, L] without \
            a batch; a plain [L] input goes with a plain [kL] weight
            """
        ) {
            $0.input = [5]
        },
        Refusal(
            "input of five dimensions", "input",
            """
            input shape [1, 2, 6, 13, 11] has 5 dimensions; conv2d takes [N, C_in, H, W], or \
            [C_in, H, W] without a batch; a plain [H, W] input goes with a plain [kH, kW] \
            weight
            """
        ) {
            $0.input = [1, 2, 6, 13, 11]
        },
        Refusal(
            "weight rank", "weight",
            """
            weight shape [3, 5, 3] has 3 dimensions; conv2d takes [C_out, C_in/groups, kH, \
            kW], or [kH, kW] with a plain [H, W] input
            """
        ) {
            $0.weight = [3, 5, 3]
        },
        Refusal(
            "weight rank, transposed", of: .transposed, "weight",
            """
            weight shape [3] has 1 dimension; conv_transpose2d takes [C_in, C_out/groups, \
            kH, kW], or [kH, kW] with a plain [H, W] input
            """
        ) {
            $0.weight = [3]
        },
        Refusal(
            "plain weight, batched input", of: .plain, "input",
            """
            input shape [1, 1, 13, 11] has 4 dimensions; with a plain [kH, kW] weight ([5, \
            3]) the input is plain too, [H, W]; for channels send a weight of [C_out, \
            C_in/groups, kH, kW]
            """
        ) {
            $0.input = [1, 1, 13, 11]
        },
        Refusal(
            "no dimensions", "weight",
            """
            weight shape [] has 0 dimensions; conv2d takes [C_out, C_in/groups, kH, kW], or \
            [kH, kW] with a plain [H, W] input
            """
        ) {
            $0.weight = []
            $0.input = []
        },
        Refusal(
            "a thousand dimensions", "input",
            """
            input shape [1, 1, 1, 1, 1, 1, ...] has 1000 dimensions; conv2d takes [N, C_in, \
            H, W], or [C_in, H, W] without a batch; a plain [H, W] input goes with a plain \
            [kH, kW] weight
            """
        ) {
            $0.input = Array(repeating: 1, count: 1000)
        },
    ]

    static let sizes = [
        Refusal(
            "negative input size", "input",
            """
            input shape [2, 6, -13, 11] has a negative size; a size counts elements and is \
            at least 0
            """
        ) {
            $0.input[2] = -13
        },
        Refusal(
            "negative weight size", "weight",
            """
            weight shape [10, -3, 5, 3] has a negative size; a size counts elements and is \
            at least 0
            """
        ) {
            $0.weight[1] = -3
        },
        Refusal(
            "empty space", "input",
            """
            input shape [2, 6, 0, 11] has height 0; only the batch and the channels may be \
            0, send at least 1 element in each spatial dimension
            """
        ) {
            $0.input[2] = 0
        },
        Refusal(
            "empty space, padded", "input",
            """
            input shape [2, 6, 13, 0] has width 0; only the batch and the channels may be 0, \
            send at least 1 element in each spatial dimension
            """
        ) {
            $0.input[3] = 0
            $0.options.padding = .symmetric([5])
        },
        Refusal(
            "empty kernel", "weight",
            """
            weight shape [10, 3, 5, 0] has kernel width 0; a kernel has at least 1 tap in \
            each spatial dimension: send those
            """
        ) {
            $0.weight[3] = 0
        },
        Refusal(
            "no output channels", "weight",
            """
            weight shape [0, 3, 5, 3] has 0 output channels in [C_out, C_in/groups, kH, kW]; \
            send at least 1
            """
        ) {
            $0.weight[0] = 0
        },
        Refusal(
            "no output channels, transposed", of: .transposed, "weight",
            """
            weight shape [6, 0, 5, 3] has 0 output channels in [C_in, C_out/groups, kH, kW]; \
            send at least 1
            """
        ) {
            $0.weight[1] = 0
        },
    ]

    static let parameters = [
        Refusal(
            "no groups", "groups",
            """
            groups is 0; it must be at least 1: use 1 to connect every input channel with \
            every output channel
            """
        ) {
            $0.options.groups = 0
        },
        Refusal(
            "negative groups", "groups",
            """
            groups is -2; it must be at least 1: use 1 to connect every input channel with \
            every output channel
            """
        ) {
            $0.options.groups = -2
        },
        Refusal(
            "stride 0", "stride",
            """
            stride is 0; it must be at least 1: use 1 to visit every position
            """
        ) {
            $0.options.stride = [0]
        },
        Refusal(
            "one stride 0", "stride",
            """
            stride is [1, 0]; it must be at least 1: use 1 to visit every position
            """
        ) {
            $0.options.stride = [1, 0]
        },
        Refusal(
            "three strides", "stride",
            """
            stride has 3 values, [1, 1, 1]; conv2d takes one number or a list of 2, one for \
            each spatial dimension
            """
        ) {
            $0.options.stride = [1, 1, 1]
        },
        Refusal(
            "two strides, 1-d", of: .line, "stride",
            """
            stride has 2 values, [1, 1]; conv1d takes one number
            """
        ) {
            $0.options.stride = [1, 1]
        },
        Refusal(
            "a thousand strides", "stride",
            """
            stride has 1000 values, [1, 1, 1, 1, 1, 1, ...]; conv2d takes one number or a \
            list of 2, one for each spatial dimension
            """
        ) {
            $0.options.stride = Array(repeating: 1, count: 1000)
        },
        Refusal(
            "dilation 0", "dilation",
            """
            dilation is [0, 0]; it must be at least 1: use 1 for adjacent taps
            """
        ) {
            $0.options.dilation = [0, 0]
        },
        Refusal(
            "three dilations", "dilation",
            """
            dilation has 3 values, [1, 2, 3]; conv2d takes one number or a list of 2, one \
            for each spatial dimension
            """
        ) {
            $0.options.dilation = [1, 2, 3]
        },
        Refusal(
            "output padding of a forward convolution", "output_padding",
            """
            output_padding is 1, which only transposed convolutions have; leave it out, or \
            use conv_transpose2d
            """
        ) {
            $0.options.outputPadding = [1]
        },
    ]

    static let padding = [
        Refusal(
            "negative padding", "padding",
            """
            padding is -1; it must be at least 0: crop the input before sending it
            """
        ) {
            $0.options.padding = .symmetric([-1])
        },
        Refusal(
            "negative padding, transposed", of: .transposed, "padding",
            """
            padding is [0, -1]; it must be at least 0: use output_padding to make the output \
            larger
            """
        ) {
            $0.options.padding = .symmetric([0, -1])
        },
        Refusal(
            "negative pair", "padding",
            """
            padding is [[0, 1], [2, -1]]; it must be at least 0: crop the input before \
            sending it
            """
        ) {
            $0.options.padding = .pairs([[0, 1], [2, -1]])
        },
        Refusal(
            "flat list", "padding",
            """
            padding is a flat list of 4 numbers, [1, 1, 2, 2], whose order differs between \
            frameworks; write it as [[before, after], [before, after]], one pair for each \
            spatial dimension, or as pads in ONNX's order
            """
        ) {
            $0.options.padding = .symmetric([1, 1, 2, 2])
        },
        Refusal(
            "flat list, 1-d", of: .line, "padding",
            """
            padding is a flat list of 2 numbers, [1, 2], whose order differs between \
            frameworks; write it as [[before, after]], one pair for each spatial \
            dimension, or as pads in ONNX's order
            """
        ) {
            $0.options.padding = .symmetric([1, 2])
        },
        Refusal(
            "three paddings", "padding",
            """
            padding has 3 values, [1, 1, 1]; conv2d takes one number or a list of 2, one for \
            each spatial dimension
            """
        ) {
            $0.options.padding = .symmetric([1, 1, 1])
        },
        Refusal(
            "one pair of two", "padding",
            """
            padding is [[1, 2]]; conv2d takes [[before, after], [before, after]], one pair \
            for each spatial dimension
            """
        ) {
            $0.options.padding = .pairs([[1, 2]])
        },
        Refusal(
            "a pair of three", "padding",
            """
            padding is [[1, 2], [1, 2, 3]]; conv2d takes [[before, after], [before, after]], \
            one pair for each spatial dimension
            """
        ) {
            $0.options.padding = .pairs([[1, 2], [1, 2, 3]])
        },
        Refusal(
            "same with stride", "padding",
            """
            padding is "same", which needs stride 1, and stride is 2; for an output of \
            ceil(input / stride), which TensorFlow and ONNX call same, use "same_upper" \
            or "same_lower"
            """
        ) {
            $0.options.padding = .same
            $0.options.stride = [2]
        },
        Refusal(
            "same, transposed", of: .transposed, "padding",
            """
            padding is "same", which conv_transpose2d does not have; for an output of input \
            · stride use "same_upper" or "same_lower", or give a number or pairs [[before, \
            after], ...], which are cut off its output
            """
        ) {
            $0.options.padding = .same
        },
    ]
}
