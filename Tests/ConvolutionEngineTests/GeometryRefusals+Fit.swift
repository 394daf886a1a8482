// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// How the values fit together, and how large they may be.
extension GeometryRefusals {
    static let channels = [
        Refusal(
            "groups and input channels", "groups",
            """
            groups is 4, which does not divide in_channels 6 (input shape [2, 6, 13, 11]); \
            use a divisor of 6
            """
        ) {
            $0.options.groups = 4
        },
        Refusal(
            "groups and output channels", "groups",
            """
            groups is 2, which does not divide out_channels 9 (weight shape [9, 3, 5, 3]); \
            use a divisor of 9
            """
        ) {
            $0.weight[0] = 9
        },
        Refusal(
            "groups of a plain convolution", of: .plain, "groups",
            """
            groups is 2, which does not divide in_channels 1 (input shape [13, 11]); use 1
            """
        ) {
            $0.options.groups = 2
        },
        Refusal(
            "channels", "weight",
            """
            weight shape [10, 4, 5, 3] in [C_out, C_in/groups, kH, kW] has 4 input channels \
            per group, but the input has 6 (input shape [2, 6, 13, 11]) in 1 group; send a \
            weight of shape [10, 6, 5, 3], or 4 input channels
            """
        ) {
            $0.options.groups = 1
            $0.weight = [10, 4, 5, 3]
        },
        Refusal(
            "channels, depthwise weight", "weight",
            """
            weight shape [12, 1, 5, 3] in [C_out, C_in/groups, kH, kW] has 1 input channel \
            per group, but the input has 6 (input shape [2, 6, 13, 11]) in 2 groups; send a \
            weight of shape [12, 3, 5, 3], or 2 input channels, or set groups to 6
            """
        ) {
            $0.weight = [12, 1, 5, 3]
        },
        Refusal(
            "channels, unbatched", "weight",
            """
            weight shape [10, 3, 5, 3] in [C_out, C_in/groups, kH, kW] has 3 input channels \
            per group, but the input has 2 (input shape [2, 13, 11]) in 2 groups; send a \
            weight of shape [10, 1, 5, 3], or 6 input channels
            """
        ) {
            $0.input = [2, 13, 11]
        },
        Refusal(
            "channels, transposed", of: .transposed, "weight",
            """
            weight shape [4, 5, 5, 3] in [C_in, C_out/groups, kH, kW] has 4 input channels, \
            but the input has 6 (input shape [2, 6, 13, 11]); send a weight of shape [6, 5, \
            5, 3]
            """
        ) {
            $0.weight[0] = 4
        },
        Refusal(
            "forward weight, transposed", of: .transposed, "weight",
            """
            weight shape [10, 3, 5, 3] in [C_in, C_out/groups, kH, kW] has 10 input \
            channels, but the input has 6 (input shape [2, 6, 13, 11]); swap its first two \
            dimensions: a transposed convolution has C_in first
            """
        ) {
            $0.weight = [10, 3, 5, 3]
        },
        Refusal(
            "bias", "bias",
            """
            bias shape is [7]; it must be [10], one element for each output channel of \
            weight shape [10, 3, 5, 3]: send that, or no bias
            """
        ) {
            $0.bias = [7]
        },
        Refusal(
            "bias of two dimensions", "bias",
            """
            bias shape is [1, 10]; it must be [10], one element for each output channel of \
            weight shape [10, 3, 5, 3]: send that, or no bias
            """
        ) {
            $0.bias = [1, 10]
        },
        Refusal(
            "bias of a plain convolution", of: .plain, "bias",
            """
            bias shape is [2]; it must be [1], one element for each output channel of weight \
            shape [5, 3]: send that, or no bias
            """
        ) {
            $0.bias = [2]
        },
        Refusal(
            "scalar bias", "bias",
            """
            bias shape is []; it must be [10], one element for each output channel of weight \
            shape [10, 3, 5, 3]: send that, or no bias
            """
        ) {
            $0.bias = []
        },
    ]

    static let fit = [
        Refusal(
            "kernel and input", "weight",
            """
            the kernel covers 5 elements of height (kernel 5, dilation 1), but the padded \
            input has 4 (3 and padding 0 + 1); use a smaller kernel or dilation, or 1 more \
            padding
            """
        ) {
            $0.input = [1, 6, 3, 11]
            $0.options.padding = .pairs([[0, 1], [0, 0]])
        },
        Refusal(
            "dilated kernel and input", "weight",
            """
            the kernel covers 13 elements of width (kernel 3, dilation 6), but the padded \
            input has 11 (11 and padding 0 + 0); use a smaller kernel or dilation, or 2 more \
            padding
            """
        ) {
            $0.options.dilation = [1, 6]
        },
    ]

    static let transposed = [
        Refusal(
            "output padding", of: .transposed, "output_padding",
            """
            output_padding is 2; in height it must be smaller than the larger of stride 2 \
            and dilation 1: use at most 1
            """
        ) {
            $0.options.outputPadding = [2]
        },
        Refusal(
            "output padding, no stride", of: .transposed, "output_padding",
            """
            output_padding is [0, 1]; in width it must be smaller than the larger of stride \
            1 and dilation 1: use at most 0
            """
        ) {
            $0.options.stride = []
            $0.options.outputPadding = [0, 1]
        },
        Refusal(
            "negative output padding", of: .transposed, "output_padding",
            """
            output_padding is -1; it must be at least 0: use padding to make the output \
            smaller
            """
        ) {
            $0.options.outputPadding = [-1]
        },
        Refusal(
            "three output paddings", of: .transposed, "output_padding",
            """
            output_padding has 3 values, [0, 0, 0]; conv_transpose2d takes one number or a \
            list of 2, one for each spatial dimension
            """
        ) {
            $0.options.outputPadding = [0, 0, 0]
        },
        Refusal(
            "nothing left", of: .transposed, "padding",
            """
            padding cuts 15 + 15 off the 29 elements of height that conv_transpose2d makes \
            (input 13, stride 2, kernel 5, dilation 1, output_padding 0), and nothing is \
            left; cut off at most 28
            """
        ) {
            $0.options.padding = .symmetric([15])
        },
    ]

    static let limits = [
        Refusal(
            "huge input", "input",
            """
            input shape [2, 6, 1099511627776, 11] multiplies to more than 1099511627776 \
            (2^40) elements, the most a tensor may have; send it in parts
            """
        ) {
            $0.input[2] = 1 << 40
        },
        Refusal(
            "huge empty input", "input",
            """
            input shape [0, 6, 4611686018427387904, 4611686018427387904] multiplies to more \
            than 1099511627776 (2^40) elements (a 0 counting as 1), the most a tensor may \
            have; send it in parts
            """
        ) {
            $0.input = [0, 6, 1 << 62, 1 << 62]
        },
        Refusal(
            "huge weight", "weight",
            """
            weight shape [9223372036854775807, 3, 5, 3] multiplies to more than \
            1099511627776 (2^40) elements, the most a tensor may have; send it in parts
            """
        ) {
            $0.weight[0] = Int.max
        },
        Refusal(
            "huge stride", "stride",
            """
            stride is 9223372036854775807; it must be at most 1099511627776 (2^40), the \
            largest size of anything here: use a smaller one
            """
        ) {
            $0.options.stride = [Int.max]
        },
        Refusal(
            "huge padding", "padding",
            """
            the output would have shape [2, 10, 2199023255561, 2199023255561], more than \
            1099511627776 (2^40) elements, the most a tensor may have; use a smaller padding
            """
        ) {
            $0.options.padding = .symmetric([1 << 40])
        },
        Refusal(
            "larger padding", "padding",
            """
            padding is 2199023255552; it must be at most 1099511627776 (2^40), the largest \
            size of anything here: use a smaller one
            """
        ) {
            $0.options.padding = .symmetric([1 << 41])
        },
        Refusal(
            "huge dilation", "dilation",
            """
            dilation is [549755813888, 1], which spreads the 5 taps of height over more than \
            1099511627776 (2^40) elements; use a smaller one
            """
        ) {
            $0.options.dilation = [1 << 39, 1]
        },
        Refusal(
            "huge groups", of: .transposed, "groups",
            """
            groups is 9223372036854775807, which with weight shape [0, 5, 5, 3] gives more \
            than 1099511627776 (2^40) output channels; use fewer groups
            """
        ) {
            $0.input[1] = 0
            $0.weight[0] = 0
            $0.options.groups = Int.max
        },
        Refusal(
            "huge stride, transposed", of: .transposed, "stride",
            """
            stride is [1, 1099511627776], which spreads 11 elements of width over an output \
            of more than 1099511627776 (2^40); use a smaller one
            """
        ) {
            $0.options.stride = [1, 1 << 40]
        },
        Refusal(
            "large stride, transposed", of: .transposed, "stride",
            """
            the output would have shape [2, 10, 12582917, 10485763], more than 1099511627776 \
            (2^40) elements, the most a tensor may have; use a smaller stride
            """
        ) {
            $0.options.stride = [1 << 20]
        },
        Refusal(
            "large dilation, transposed", of: .transposed, "dilation",
            """
            the output would have shape [2, 10, 4194329, 2097183], more than 1099511627776 \
            (2^40) elements, the most a tensor may have; use a smaller dilation
            """
        ) {
            $0.options.dilation = [1 << 20]
        },
        Refusal(
            "large output padding", of: .transposed, "output_padding",
            """
            the output would have shape [2, 10, 1073741828, 1073741826], more than \
            1099511627776 (2^40) elements, the most a tensor may have; use a smaller \
            output_padding
            """
        ) {
            $0.options.stride = [1 << 30]
            $0.options.outputPadding = [(1 << 30) - 1]
            $0.input = [2, 6, 1, 1]
        },
        Refusal(
            "large batch", "input",
            """
            the output would have shape [1073741824, 1048576, 1, 1], more than 1099511627776 \
            (2^40) elements, the most a tensor may have; use a smaller input
            """
        ) {
            $0.input = [1 << 30, 2, 5, 3]
            $0.weight = [1 << 20, 1, 5, 3]
            $0.bias = nil
        },
        Refusal(
            "too much work", "padding",
            """
            input shape [1, 33554432, 1, 1] and weight shape [1, 33554432, 1, 1] with an \
            output of size [1048575, 1048575] take more than 2^63 multiply-accumulates; use \
            a smaller padding
            """
        ) {
            $0.options.groups = 1
            $0.input = [1, 1 << 25, 1, 1]
            $0.weight = [1, 1 << 25, 1, 1]
            $0.bias = nil
            $0.options.padding = .symmetric([(1 << 19) - 1])
        },
    ]
}
