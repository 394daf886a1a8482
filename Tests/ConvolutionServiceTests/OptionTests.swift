// SPDX-License-Identifier: Apache-2.0

import Testing

/// Every parameter beyond PyTorch's functions, by its name and by ONNX's: what it does in small, and
/// what is said where parameters contradict one another.
@Suite struct OptionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let fields: String
        let output: [Double]
        var testDescription: String { "\(operation) \(fields)" }

        init(_ fields: String, _ output: [Double], of operation: String = "conv1d") {
            (self.operation, self.fields, self.output) = (operation, fields, output)
        }
    }

    static func body(_ fields: String) -> String {
        #"{"input": [1, 2, 3, 4], "weight": [1, 10], \#(fields)}"#
    }

    @Test(arguments: forward + transposed)
    func computes(_ row: Row) {
        let reply = Client().post(row.operation, Self.body(row.fields))
        #expect(reply.status == 200, "\(reply.detail)")
        #expect(reply.output == row.output)
    }

    static let forward = [
        Row(#""padding": "same_upper", "stride": 3"#, [21, 4]),
        Row(#""padding": "same_lower", "stride": 3"#, [10, 43]),
        Row(#""auto_pad": "SAME_LOWER", "strides": [1]"#, [10, 21, 32, 43]),
        Row(#""auto_pad": "SAME_UPPER""#, [21, 32, 43, 4]),
        Row(#""auto_pad": "VALID""#, [21, 32, 43]),
        Row(#""auto_pad": "NOTSET", "pads": [1, 0]"#, [10, 21, 32, 43]),
        Row(#""padding": "full""#, [10, 21, 32, 43, 4]),
        Row(#""padding": "causal""#, [10, 21, 32, 43]),
        Row(#""pads": [2, 1]"#, [0, 10, 21, 32, 43, 4]),
        Row(#""padding": 1, "padding_mode": "reflect""#, [12, 21, 32, 43, 34]),
        Row(#""padding": 1, "padding_mode": "replicate""#, [11, 21, 32, 43, 44]),
        Row(#""padding": 1, "padding_mode": "circular""#, [14, 21, 32, 43, 14]),
        Row(
            #""padding": 1, "padding_mode": "constant", "padding_value": -1"#, [9, 21, 32, 43, -6]),
        Row(#""padding": 1, "padding_mode": "constant""#, [10, 21, 32, 43, 4]),
        Row(#""padding": 1, "padding_mode": "zeros""#, [10, 21, 32, 43, 4]),
        Row(#""flip_kernel": true"#, [12, 23, 34]),
        Row(#""dilations": [2]"#, [31, 42]),
        Row(#""group": 1, "kernel_shape": [2]"#, [21, 32, 43]),
        Row(#""bias": [1], "add": [-30, -30, -50], "activation": "relu""#, [0, 3, 0]),
        Row(#""bias": [-20], "activation": "relu6""#, [1, 6, 6]),
        Row(#""algorithm": "sliding_window", "precision": "strict""#, [21, 32, 43]),
        Row(#""algorithm": "direct""#, [21, 32, 43]),
        Row(#""algorithm": "im2col", "precision": "fast""#, [21, 32, 43]),
        Row(#""algorithm": "kernel_matrix""#, [21, 32, 43]),
        Row(#""algorithm": "auto", "activation": "none", "precision": "default""#, [21, 32, 43]),
    ]

    static let transposed = [
        Row(#""output_size": 9, "stride": 2"#, [1, 10, 2, 20, 3, 30, 4, 40, 0]),
        Row(
            #""padding": [[1, 0]], "output_size": [8], "stride": 2"#, [10, 2, 20, 3, 30, 4, 40, 0]),
        Row(#""padding": "same_upper""#, [1, 12, 23, 34]),
        Row(#""padding": "same_lower""#, [12, 23, 34, 40]),
        Row(#""padding": "same_upper", "stride": 3"#, [1, 10, 0, 2, 20, 0, 3, 30, 0, 4, 40, 0]),
        Row(#""output_shape": [3]"#, [12, 23, 34]),
        Row(#""output_shape": [4]"#, [12, 23, 34, 40]),
        Row(#""auto_pad": "SAME_UPPER", "output_shape": [4]"#, [1, 12, 23, 34]),
        Row(#""algorithm": "col2im""#, [1, 12, 23, 34, 40]),
        Row(#""algorithm": "kernel_matrix""#, [1, 12, 23, 34, 40]),
        Row(#""algorithm": "stride_phases", "activation": "relu6""#, [1, 6, 6, 6, 6]),
    ].map { Row($0.fields, $0.output, of: "conv_transpose1d") }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let fields: String
        let pointer: String
        let detail: String
        var operation = "conv1d"
        var testDescription: String { "\(operation) \(fields)" }
    }

    @Test(arguments: refusals)
    func refused(_ row: Refusal) {
        let reply = Client().post(row.operation, Self.body(row.fields))
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == row.pointer)
        #expect(reply.detail == row.detail)
    }

    static let refusals = [
        Refusal(
            fields: #""stride": 1, "strides": 1"#, pointer: "/strides",
            detail:
                #""stride" and "strides" are both given and mean the same; leave one of them out"#),
        Refusal(
            fields: #""padding": 1, "pads": [1, 1]"#, pointer: "/pads",
            detail:
                #""padding" and "pads" are both given and mean the same; leave one of them out"#),
        Refusal(
            fields: #""pads": [1, 1], "auto_pad": "SAME_UPPER""#, pointer: "/auto_pad",
            detail:
                #""pads" and "auto_pad" are both given and mean the same; leave one of them out"#),
        Refusal(
            fields: #""strides": 0"#, pointer: "/strides",
            detail: "stride is 0; it must be at least 1: use 1 to visit every position"),
        Refusal(
            fields: #""pads": [1]"#, pointer: "/pads",
            detail: """
                pads has 1 value, [1]; conv1d takes 2: what goes before each spatial dimension, \
                then what goes after each (ONNX's order)
                """),
        Refusal(
            fields: #""kernel_shape": [3]"#, pointer: "/kernel_shape",
            detail: """
                kernel_shape is [3], but the weight's kernel is [2] (weight shape [2]); leave \
                kernel_shape out, or send that
                """),
        Refusal(
            fields: #""padding_value": 1"#, pointer: "/padding_value",
            detail: """
                padding_value is given, but padding_mode is "zeros"; set padding_mode to \
                "constant", or leave padding_value out
                """),
        Refusal(
            fields: #""add": [1, 2]"#, pointer: "/add",
            detail: """
                add has shape [2], but the output has [3], and they are added element by element; \
                send a tensor of that shape, or leave add out
                """),
        Refusal(
            fields: #""padding_mode": "mirror""#, pointer: "/padding_mode",
            detail: """
                padding_mode: unknown padding mode "mirror"; the padding modes here are "zeros", \
                "reflect", "replicate", "circular", "constant"
                """),
        Refusal(
            fields: #""algorithm": "strassen""#, pointer: "/algorithm",
            detail: """
                algorithm: unknown algorithm "strassen"; the algorithms here are "auto", \
                "sliding_window", "direct", "im2col", "stride_phases", "col2im", "kernel_matrix", \
                "winograd", "fft"
                """),
        Refusal(
            fields: #""algorithm": "winograd", "stride": 2"#, pointer: "/algorithm",
            detail: """
                algorithm "winograd" filters, where there is a stride, rows of an image or a line, \
                by kernels that are longer there than the stride, which is at most 8, and not more \
                than twice as long, without dilation; use "auto" or one that can: \
                "sliding_window", "direct", "im2col", "kernel_matrix", "fft"
                """),
        Refusal(
            fields: #""algorithm": "im2col""#, pointer: "/algorithm",
            detail: """
                algorithm "im2col" is for convolutions, not for transposed ones; use "auto" or one \
                that can: "stride_phases", "col2im", "kernel_matrix"
                """, operation: "conv_transpose1d"),
        Refusal(
            fields: #""padding": "same""#, pointer: "/padding",
            detail: """
                padding is "same", which conv_transpose1d does not have; for an output of input · \
                stride use "same_upper" or "same_lower", or give a number or pairs [[before, \
                after], ...], which are cut off its output
                """, operation: "conv_transpose1d"),
        Refusal(
            fields: #""output_shape": [99]"#, pointer: "/output_shape",
            detail: """
                output_size is 99; in length it can only be between 1 and 5 (input 4, stride 1, \
                kernel 2, dilation 1, padding 0 + 0): use that, or another padding or stride
                """, operation: "conv_transpose1d"),
    ]

    @Test func explains() throws {
        let reply = Client().post(
            "conv1d", Self.body(#""padding": "same_upper", "stride": 3, "explain": true"#))
        let explain = try #require(reply.json?["explain"] as? [String: Any])
        #expect(explain["output_shape"] as? [Int] == [2])
        #expect(explain["padding"] as? [[Int]] == [[0, 1]])
        #expect(explain["padding_mode"] as? String == "zeros")
        #expect(explain["effective_kernel"] as? [Int] == [2])
        #expect(explain["multiply_accumulates"] as? Int == 4)
        #expect((explain["scratch_bytes"] as? Int).map { $0 > 0 } == true)
        #expect((explain["compute_ms"] as? Double).map { $0 > 0 } == true)
    }

    /// A border is a copy of the input, which has a limit of its own.
    @Test func largeBorders() {
        let body = #"{"input": [1], "weight": [1], "padding": 1000000000, "stride": 1000000000, "#
        let refused = Client().post("conv1d", body + #""padding_mode": "replicate"}"#)
        #expect(refused.status == 422)
        #expect(refused.pointer == "/padding")
        #expect(refused.detail.hasPrefix("the input with its padding, [2000000001], takes more"))
        #expect(Client().post("conv1d", body + #""padding_mode": "zeros"}"#).status == 200)
    }
}
