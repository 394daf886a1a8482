// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The rows of WindowRefusalTests, by topic.
enum WindowRefusals {
    static let all = [shapes, parameters, ranks, paddings, fit, folds].flatMap { $0 }

    static let setters: [@Sendable (inout WindowOptions, Int) -> Void] = [
        { $0.kernelSize = .number($1) }, { $0.stride = .number($1) },
        { $0.dilation = .number($1) }, { $0.padding = .symmetric(.number($1)) },
        { $0.padding = .pads([0, $1, $1, 0]) },
    ]

    static let shapes = [
        WindowRefusal(
            unfold: "two dimensions", of: [2, 5], "input",
            """
            input shape [2, 5] has 2 dimensions; unfold, in 2 spatial dimensions, as no parameter \
            is a list, takes [N, C, H, W], or [C, H, W] without a batch; for another number of them \
            write kernel_size as a list, one for each
            """),
        WindowRefusal(
            unfold: "five dimensions, 1-d", of: [1, 1, 2, 5, 5], "input",
            """
            input shape [1, 1, 2, 5, 5] has 5 dimensions; unfold, in 1 spatial dimension, as \
            kernel_size [3] tells, takes [N, C, L], or [C, L] without a batch
            """
        ) { $0.kernelSize = .list([3]) },
        WindowRefusal(
            unfold: "no channels", of: [1, 0, 5, 6], "input",
            """
            input shape [1, 0, 5, 6] has channels 0; only the batch may be 0, send at least 1 \
            element in each other dimension
            """),
        WindowRefusal(
            unfold: "no rows, unbatched", of: [2, 0, 6], "input",
            """
            input shape [2, 0, 6] has height 0; only the batch may be 0, send at least 1 element \
            in each other dimension
            """
        ) { $0.padding = .symmetric(.number(2)) },
        WindowRefusal(
            unfold: "negative", of: [1, 2, -5, 6], "input",
            """
            input shape [1, 2, -5, 6] has a negative size; a size counts elements and is at least 0
            """),
        WindowRefusal(
            unfold: "too large", of: [0, 1 << 39, 5, 6], "input",
            """
            input shape [0, 549755813888, 5, 6] multiplies to more than 1099511627776 (2^40) \
            elements (a 0 counting as 1), the most a tensor may have; send it in parts
            """),
    ]

    static let parameters = [
        WindowRefusal(
            unfold: "kernel 0", "kernel_size",
            "kernel_size is 0; it must be at least 1: use 1 for blocks of one element"
        ) { $0.kernelSize = .number(0) },
        WindowRefusal(
            unfold: "stride 0", "stride",
            "stride is [1, 0]; it must be at least 1: use 1 to visit every position"
        ) { $0.stride = .list([1, 0]) },
        WindowRefusal(
            unfold: "dilation 0", "dilation",
            "dilation is 0; it must be at least 1: use 1 for adjacent elements"
        ) { $0.dilation = .number(0) },
        WindowRefusal(
            unfold: "negative padding", "padding",
            "padding is -1; it must be at least 0: use 0 for none"
        ) { $0.padding = .symmetric(.number(-1)) },
        WindowRefusal(
            unfold: "negative in a pair", "padding",
            "padding is [[0, 1], [-2, 0]]; it must be at least 0: use 0 for none"
        ) { $0.padding = .pairs([[0, 1], [-2, 0]]) },
        WindowRefusal(
            unfold: "negative in pads", "pads",
            "pads is [0, 0, 0, -1]; it must be at least 0: use 0 for none"
        ) { $0.padding = .pads([0, 0, 0, -1]) },
        WindowRefusal(
            unfold: "huge", "stride",
            """
            stride is 1099511627777; it must be at most 1099511627776 (2^40), the largest size of \
            anything here: use a smaller one
            """
        ) { $0.stride = .number((1 << 40) + 1) },
        WindowRefusal(
            fold: "output size 0", to: .list([0, 6]), "output_size",
            "output_size is [0, 6]; it must be at least 1: send the size of the image"),
    ]

    static let ranks = [
        WindowRefusal(
            unfold: "four values", "kernel_size",
            """
            kernel_size is [1, 2, 3, 4], a list for 4 spatial dimensions; unfold has 1, 2 or 3: \
            send as many values
            """
        ) { $0.kernelSize = .list([1, 2, 3, 4]) },
        WindowRefusal(
            unfold: "one pad", "pads",
            "pads is [1], a list for 0 spatial dimensions; unfold has 1, 2 or 3: send 2, 4 or 6 values"
        ) { $0.padding = .pads([1]) },
        WindowRefusal(
            unfold: "a stride too many", "stride",
            """
            stride has 3 values, [1, 1, 1]; unfold is in 2 spatial dimensions, as kernel_size \
            [3, 3] tells, and takes one number or a list of 2, one for each spatial dimension
            """
        ) {
            $0.kernelSize = .list([3, 3])
            $0.stride = .list([1, 1, 1])
        },
        WindowRefusal(
            fold: "a kernel too many", of: [1, 9, 3], to: .list([5]), "kernel_size",
            """
            kernel_size has 2 values, [3, 3]; fold is in 1 spatial dimension, as output_size [5] \
            tells, and takes one number
            """
        ) { $0.kernelSize = .list([3, 3]) },
    ]

    static let paddings = [
        WindowRefusal(
            unfold: "a flat list", "padding",
            """
            padding is a flat list of 4 numbers, [1, 1, 0, 0], whose order differs between \
            frameworks; write it as [[before, after], [before, after]], or in ONNX's order, \
            [begin..., end...], as pads
            """
        ) {
            $0.kernelSize = .list([3, 3])
            $0.padding = .symmetric(.list([1, 1, 0, 0]))
        },
        WindowRefusal(
            unfold: "a pair too few", "padding",
            """
            padding is [[1, 1]]; unfold is in 2 spatial dimensions, as kernel_size [3, 3] tells, \
            and takes [[before, after], [before, after]], one pair for each spatial dimension
            """
        ) {
            $0.kernelSize = .list([3, 3])
            $0.padding = .pairs([[1, 1]])
        },
        WindowRefusal(
            unfold: "a pad too few", "pads",
            """
            pads has 3 values, [1, 1, 1]; unfold is in 2 spatial dimensions, as kernel_size [3, 3] \
            tells, and takes 4: a begin for each spatial dimension, then an end for each
            """
        ) {
            $0.kernelSize = .list([3, 3])
            $0.padding = .pads([1, 1, 1])
        },
    ]

    static let fit = [
        WindowRefusal(
            unfold: "a block larger than the image", "kernel_size",
            """
            kernel_size is 3: a block covers 7 elements of height (kernel 3, dilation 3), but the \
            padded input has 5 (5 and padding 0 + 0), so there is no block; use a smaller \
            kernel_size or dilation, or 2 more padding
            """
        ) { $0.dilation = .number(3) },
        WindowRefusal(
            unfold: "a dilation beyond everything", "dilation",
            """
            dilation is 1099511627776, which spreads the 3 elements of a block's height over more \
            than 1099511627776 (2^40); use a smaller one
            """
        ) { $0.dilation = .number(1 << 40) },
        WindowRefusal(
            unfold: "more columns than there may be", "kernel_size",
            """
            kernel_size is 1048576: blocks of [1048576, 1048576], [2, 3] of them, make more than \
            1099511627776 (2^40) elements of input shape [1, 2, 5, 6], the most a tensor may have; \
            use a smaller one, less padding or a larger stride
            """
        ) {
            $0.kernelSize = .number(1 << 20)
            $0.padding = .symmetric(.number((1 << 19) - 2))
        },
    ]

    static let folds = [
        WindowRefusal(
            fold: "one dimension", of: [12], "input",
            """
            input shape [12] has 1 dimension; fold takes [N, C·prod(kernel_size), L], or \
            [C·prod(kernel_size), L] without a batch, whatever the number of spatial dimensions
            """),
        WindowRefusal(
            fold: "no columns", of: [1, 18, 0], "input",
            """
            input shape [1, 18, 0] has columns 0; only the batch may be 0, send at least 1 element \
            in each other dimension
            """),
        WindowRefusal(
            fold: "rows that are no channels", of: [1, 17, 12], "input",
            """
            input shape [1, 17, 12] has 17 rows, which is no multiple of 3 x 3 = 9, the product of \
            kernel_size [3, 3]; send [N, C·prod(kernel_size), L], channels first, then the \
            elements of a block
            """),
        WindowRefusal(
            fold: "another number of blocks", of: [1, 18, 9], "input",
            """
            input shape [1, 18, 9] has 9 columns, but output_size [5, 6] has 3 x 4 = 12 blocks \
            (kernel_size [3, 3], dilation [1, 1], padding [[0, 0], [0, 0]], stride [1, 1]); send a \
            column for each block, or the output_size that was unfolded
            """),
        WindowRefusal(
            fold: "a block larger than the image", of: [1, 18, 12], to: .list([2, 6]),
            "kernel_size",
            """
            kernel_size is 3: a block covers 3 elements of height (kernel 3, dilation 1), but the \
            padded output has 2 (2 and padding 0 + 0), so there is no block; use a smaller \
            kernel_size or dilation, or 1 more padding
            """),
        WindowRefusal(
            fold: "an image larger than there may be", of: [1, 9, 4],
            to: .list([1 << 30, 1 << 30]),
            "output_size",
            """
            the output would have shape [1, 1, 1073741824, 1073741824], more than 1099511627776 \
            (2^40) elements, the most a tensor may have; use a smaller output_size
            """
        ) { $0.stride = .number(1 << 29) },
    ]
}
