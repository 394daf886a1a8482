// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Testing

@Suite("Borders and algorithms that cannot do a geometry")
struct ConvolutionRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let field: String
        let reason: String
        let request: GeometryCase
        var testDescription: String { reason }

        init(
            _ field: String, _ reason: String, of base: GeometryCase = .forward,
            _ change: (inout GeometryCase) -> Void
        ) {
            var request = base
            change(&request)
            (self.field, self.reason, self.request) = (field, reason, request)
        }
    }

    @Test(arguments: borders + algorithms)
    func refuses(_ row: Row) throws {
        let geometry = try row.request.geometry()
        #expect(throws: ConvolutionError.invalid(field: row.field, reason: row.reason)) {
            try Convolution(geometry, options: row.request.options)
        }
    }

    static let borders = [
        Row(
            "padding",
            """
            padding is 13 + 13 around 13 elements, but padding_mode "reflect" has at most 12 to \
            put on one side of them: use less padding, a larger input, or padding_mode "replicate"
            """
        ) {
            $0.options.padding = .symmetric([13, 1])
            $0.options.border = .reflect
        },
        Row(
            "padding",
            """
            padding is 0 + 12 around 11 elements, but padding_mode "circular" has at most 11 to \
            put on one side of them: use less padding, a larger input, or padding_mode "replicate"
            """
        ) {
            $0.options.padding = .pairs([[13, 0], [0, 12]])
            $0.options.border = .circular
        },
        Row(
            "padding",
            """
            with its padding the input has shape [2, 6, 1099511627789, 1099511627787], more than \
            1099511627776 (2^40) elements, the most a tensor may have; use less padding
            """
        ) {
            $0.options.padding = .pairs([[1 << 40, 0], [1 << 40, 0]])
            $0.options.stride = [1 << 40]
            $0.options.border = .replicate
        },
        Row(
            "padding_mode",
            """
            padding_mode is "constant", which transposed convolutions do not have: their padding \
            is cut off the output; leave it out, or use "zeros"
            """, of: .transposed
        ) {
            $0.options.border = .constant(1)
        },
    ]

    static let algorithms = [
        Row(
            "algorithm",
            """
            algorithm "winograd" holds all channels of a strip of tiles, at most 4096 in a group \
            (times the depth of the kernel); use "auto" or one that can: "sliding_window", \
            "direct", "im2col", "kernel_matrix", "fft"
            """
        ) {
            $0.input = [2, 4097, 9, 9]
            $0.weight = [3, 4097, 3, 3]
            $0.bias = nil
            $0.options.algorithm = .winograd
            $0.options.groups = 1
        },
        Row(
            "algorithm",
            """
            algorithm "im2col" is for convolutions, not for transposed ones; use "auto" or one \
            that can: "stride_phases", "col2im", "kernel_matrix", "winograd"
            """, of: .transposed
        ) {
            $0.options.algorithm = .im2col
        },
        Row(
            "algorithm",
            """
            algorithm "col2im" is for transposed convolutions only; use "auto" or one that can: \
            "sliding_window", "direct", "im2col", "kernel_matrix", "winograd", "fft"
            """
        ) {
            $0.options.algorithm = .columnScatter
        },
        Row(
            "algorithm",
            """
            algorithm "stride_phases" makes a convolution for each residue of the stride, and \
            stride [9, 9] has too many; use "auto" or one that can: "col2im", \
            "kernel_matrix"
            """, of: .transposed
        ) {
            $0.options.stride = [9]
            $0.options.algorithm = .stridePhases
        },
        Row(
            "algorithm",
            """
            algorithm "sliding_window" holds the rows that a kernel sees, with their channels, \
            and those of kernel [2], dilation [3000000] and 1 channels a group are too many; use \
            "auto" or one that can: "im2col", "kernel_matrix"
            """, of: .line
        ) {
            $0.weight = [1, 1, 2]
            $0.options.dilation = [3_000_000]
            $0.options.padding = .symmetric([3_000_000])
            $0.options.algorithm = .slidingWindow
        },
        Row(
            "algorithm",
            """
            algorithm "kernel_matrix" stores the matrix of a kernel without its zeros, and that of \
            weight shape [1, 1, 2] for input shape [1, 1, 17000000] may have more than 16777216 (2^24) \
            rows or entries; use "auto" or one that can: "direct", "im2col", "fft"
            """, of: .line
        ) {
            $0.input = [1, 1, 17_000_000]
            $0.weight = [1, 1, 2]
            $0.options.algorithm = .kernelMatrix
        },
    ]
}
