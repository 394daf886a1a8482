// SPDX-License-Identifier: Apache-2.0

import Testing

/// What `unfold` and `fold` refuse: the pointer of each refusal, and what it says.
@Suite struct WindowRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let fields: String
        let pointer: String
        let detail: String
        var testDescription: String { "\(operation) \(fields)" }

        init(_ operation: String, _ fields: String, _ pointer: String, _ detail: String) {
            (self.operation, self.fields) = (operation, fields)
            (self.pointer, self.detail) = (pointer, detail)
        }
    }

    @Test(arguments: fields + engine)
    func refused(_ row: Row) {
        let reply = Client().post(row.operation, "{\(row.fields)}")
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == row.pointer, "\(reply.text)")
        #expect(reply.detail.hasPrefix(row.detail), "\(reply.detail)")
    }

    static let fields = [
        Row(
            "unfold", #""kernel_size": 2"#, "/input",
            #"input: "input" is required: the images to unfold, [N, C, *spatial] or [C, *spatial]"#),
        Row(
            "unfold", #""input": [[[1]]]"#, "/kernel_size",
            #"kernel_size: "kernel_size" is required: the size of a block, such as 3 or [3, 3]"#),
        Row(
            "fold", #""output_size": 2, "kernel_size": 2"#, "/input",
            #"input: "input" is required: the columns to fold, [N, C·prod(kernel_size), L]"#),
        Row(
            "fold", #""input": [[1]], "kernel_size": 2"#, "/output_size",
            #"output_size: "output_size" is required: the spatial size of the image, such as [32, 32]"#
        ),
        Row(
            "fold", #""input": [[1]], "output_size": 2"#, "/kernel_size",
            #"kernel_size: "kernel_size" is required: "#),
        Row(
            "unfold", #""input": [[[1]]], "output_size": 2"#, "/output_size",
            #"output_size: unknown field "output_size"; the fields here are "input", "kernel_size", "dilation", "padding", "pads", "stride", "format""#
        ),
        Row(
            "fold", #""input": [[1]], "kernel": 2"#, "/kernel",
            #"kernel: unknown field "kernel"; did you mean "kernel_size"? "#),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "padding": 1, "pads": [1, 1, 1, 1]"#,
            "/pads",
            #""padding" and "pads" are both given and mean the same; leave one of them out"#),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "padding": "same""#, "/padding",
            #"padding: unknown padding word "same"; the padding words here are "valid", besides integers and [before, after] pairs"#
        ),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "padding": [[1, 1, 1]]"#, "/padding/0",
            "padding/0: a pair [before, after] is expected, not 3 values"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "padding": {}"#, "/padding",
            "padding: an integer or a list of integers is expected, not an object"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "pads": 1"#, "/pads",
            "pads: a list of integers is expected, not a number"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": []"#, "/kernel_size",
            "kernel_size: [] has 0 values; send one integer, or one for each spatial dimension"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1.5"#, "/kernel_size",
            "kernel_size: 1.5 is not an integer"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "format": "csv""#, "/format",
            #"format: unknown format "csv""#),
        Row(
            "unfold", #""input": [[[1], [2, 3]]], "kernel_size": 1"#, "/input/0/1",
            "input/0/1: this row has 2 elements"),
    ]

    static let engine = [
        Row(
            "unfold", #""input": [[1]], "kernel_size": 1"#, "/input",
            "input shape [1, 1] has 2 dimensions; unfold, in 2 spatial dimensions, "),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 2"#, "/kernel_size",
            "kernel_size is 2: a block covers 2 elements of height "),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "stride": 0"#, "/stride",
            "stride is 0; it must be at least 1"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "dilation": [1, -1]"#, "/dilation",
            "dilation is [1, -1]; it must be at least 1"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "padding": -1"#, "/padding",
            "padding is -1; it must be at least 0"),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "padding": [0, 0, 0, 0]"#, "/padding",
            "padding is [0, 0, 0, 0], a list for 4 spatial dimensions; unfold has 1, 2 or 3: send as many values, or as many [before, after] pairs"
        ),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": [1, 1], "padding": [0, 0, 0, 0]"#,
            "/padding", "padding is a flat list of 4 numbers, "),
        Row(
            "unfold", #""input": [[[1]]], "kernel_size": 1, "pads": [0, 0, 0]"#, "/pads",
            "pads has 3 values, [0, 0, 0]; unfold is in 1 spatial dimension, as pads [0, 0, 0] tells"
        ),
        Row(
            "fold", #""input": [[1, 2], [3, 4]], "output_size": [4], "kernel_size": 2"#, "/input",
            "input shape [2, 2] has 2 columns, but output_size [4] has 3 blocks "),
        Row(
            "fold", #""input": [[1, 2], [3, 4], [5, 6]], "output_size": [3], "kernel_size": 2"#,
            "/input", "input shape [3, 2] has 3 rows, which is no multiple of 2, "),
        Row(
            "fold", #""input": [[1]], "output_size": 0, "kernel_size": 1"#, "/output_size",
            "output_size is 0; it must be at least 1"),
        Row(
            "fold", #""input": [1], "output_size": 1, "kernel_size": 1"#, "/input",
            "input shape [1] has 1 dimension; fold takes "),
        Row(
            "fold", #""input": [[1]], "output_size": [1], "kernel_size": [1, 1]"#, "/kernel_size",
            "kernel_size has 2 values, [1, 1]; fold is in 1 spatial dimension, as output_size [1] tells"
        ),
    ]
}
