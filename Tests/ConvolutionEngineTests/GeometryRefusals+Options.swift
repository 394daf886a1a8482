// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Named paddings, `pads` and output sizes.
extension GeometryRefusals {
    static let options = [
        Refusal(
            "pads of half the length", "pads",
            """
            pads has 2 values, [1, 1]; conv2d takes 4: what goes before each spatial dimension, \
            then what goes after each (ONNX's order)
            """
        ) {
            $0.options.padding = .pads([1, 1])
        },
        Refusal(
            "negative pads", "pads",
            "pads is [0, 1, -2, 0]; it must be at least 0: crop the input before sending it"
        ) {
            $0.options.padding = .pads([0, 1, -2, 0])
        },
        Refusal(
            "causal, 2-d", "padding",
            """
            padding is "causal", which only 1-d convolutions have, where before and after are a \
            matter of time; conv2d takes [[before, after], [before, after]]
            """
        ) {
            $0.options.padding = .causal
        },
        Refusal(
            "output size of a convolution", "output_size",
            """
            output_size is 5, which only transposed convolutions have; leave it out, or use \
            conv_transpose2d
            """
        ) {
            $0.options.outputSize = [5]
        },
        Refusal(
            "output size 0", of: .transposed, "output_size",
            "output_size is 0; it must be at least 1: an output has at least 1 element"
        ) {
            $0.options.outputSize = [0]
        },
        Refusal(
            "three output sizes", of: .transposed, "output_size",
            """
            output_size has 3 values, [29, 33, 1]; conv_transpose2d takes one number or a list \
            of 2, one for each spatial dimension
            """
        ) {
            $0.options.outputSize = [29, 33, 1]
        },
        Refusal(
            "output size out of reach", of: .transposed, "output_size",
            """
            output_size is [29, 36]; in width it can only be between 33 and 35 (input 11, stride \
            3, kernel 3, dilation 1, padding 0 + 0): use that, or another padding or stride
            """
        ) {
            $0.options.outputSize = [29, 36]
        },
        Refusal(
            "output size and output padding", of: .transposed, "output_padding",
            """
            output_padding and output_size are both given, and with numbers for padding \
            output_size selects the output padding; leave one of them out
            """
        ) {
            $0.options.outputSize = [29, 33]
            $0.options.outputPadding = [1]
        },
        Refusal(
            "output size larger than same_upper can make", of: .transposed, "output_size",
            """
            output_size is [31, 33]; in height it can only be between 1 and 30 (input 13, stride \
            2, kernel 5, dilation 1, padding 0 + 0): use that, or another padding or stride
            """
        ) {
            $0.options.padding = .sameUpper
            $0.options.outputSize = [31, 33]
        },
        Refusal(
            "nothing to derive the padding from", of: .transposed, "output_size",
            """
            output_size is missing, and without it there is nothing to derive the padding from; \
            send one number for each spatial dimension, or the padding itself
            """
        ) {
            $0.options.padding = .derived
        },
        Refusal(
            "full padding of a transposed convolution leaves nothing", of: .transposed, "padding",
            """
            padding cuts 4 + 4 off the 7 elements of height that conv_transpose2d makes (input \
            2, stride 2, kernel 5, dilation 1, output_padding 0), and nothing is left; cut off at \
            most 6
            """
        ) {
            $0.input[2] = 2
            $0.options.padding = .full
        },
    ]
}
