// SPDX-License-Identifier: Apache-2.0

import Testing

/// Requests that are JSON but wrong: the whole text and the pointer of each refusal.
@Suite struct RefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let body: String
        let pointer: String
        let detail: String
        var operation = "conv2d"
        var testDescription: String { "\(operation) \(body)" }
    }

    @Test(arguments: tensorRows + parameterRows + fieldRows)
    func refused(_ row: Row) {
        let reply = Client().post(row.operation, row.body)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == row.pointer)
        #expect(reply.detail == row.detail)
        #expect(reply.faults.first?["detail"] == reply.detail)
    }

    static let tensorRows = [
        Row(
            body: #"{"input": [[1, 2], [3]], "weight": [[1]]}"#, pointer: "/input/1",
            detail:
                "input/1: this row has 1 element, the rows before it have 2; rows of one dimension have one length"
        ),
        Row(
            body: #"{"input": [[1, 2], [3, null]], "weight": [[1]]}"#, pointer: "/input/1/1",
            detail: #"input/1/1: null in a tensor; send a number, or "NaN" where there is none"#),
        Row(
            body: #"{"input": [[1, "x"]], "weight": [[1]]}"#, pointer: "/input/0/1",
            detail: "input/0/1: a number or a list is expected in a tensor, not a string"),
        Row(
            body: #"{"input": [[1, 1e39]], "weight": [[1]]}"#, pointer: "/input/0/1",
            detail:
                #"input/0/1: 1e39 does not fit float32; send every tensor as {"shape", "dtype": "float64", "data"}"#
        ),
        Row(
            body:
                #"{"input": {"shape": [1], "dtype": "float64", "data": [1e309]}, "weight": [[1]]}"#,
            pointer: "/input/data/0", detail: "input/data/0: 1e309 does not fit float64"),
        Row(
            body: #"{"input": 3, "weight": [[1]]}"#, pointer: "/input",
            detail:
                #"input: a tensor is expected, not a number: a nested list of numbers, {"shape": [...], "data": [...]} or {"shape": [...], "base64": "..."}"#
        ),
        Row(
            body: #"{"input": {"shape": [2, 3], "data": [1, 2, 3, 4, 5]}, "weight": [[1]]}"#,
            pointer: "/input/data",
            detail: #"input/data: "data" has 5 numbers, but shape [2, 3] needs 6"#),
        Row(
            body: #"{"input": {"shape": [2, -3], "data": []}, "weight": [[1]]}"#,
            pointer: "/input/shape/1", detail: "input/shape/1: a size is 0 or more, not -3"),
        Row(
            body: #"{"input": {"shape": [4294967296, 4294967296], "data": []}, "weight": [[1]]}"#,
            pointer: "/input/shape",
            detail:
                "input/shape: shape [4294967296, 4294967296] has more elements than any memory holds"
        ),
        Row(
            body:
                #"{"input": {"shape": [0, 4294967296, 4294967296], "data": []}, "weight": [[1]]}"#,
            pointer: "/input/shape",
            detail:
                "input/shape: shape [0, 4294967296, 4294967296] has more elements than any memory holds"
        ),
        Row(
            body: #"{"input": {"shape": [1, 2], "data": [[1, 2]]}, "weight": [[1]]}"#,
            pointer: "/input/data",
            detail:
                #"input/data: "data" is nested 2 deep; it is one flat list in row-major order (or send the nested list itself as the tensor)"#
        ),
        Row(
            body: #"{"input": {"shape": [1], "data": "1"}, "weight": [[1]]}"#,
            pointer: "/input/data",
            detail: "input/data: a flat list of numbers is expected, not a string"),
        Row(
            body: #"{"input": {"shape": [2, 2], "base64": "AACAPw=="}, "weight": [[1]]}"#,
            pointer: "/input/base64",
            detail:
                #"input/base64: "base64" has 4 bytes, but shape [2, 2] of float32 needs 16 bytes"#),
        Row(
            body: #"{"input": {"shape": [1], "base64": "AACAPw="}, "weight": [[1]]}"#,
            pointer: "/input/base64",
            detail:
                #"input/base64: "base64" has 7 characters, no multiple of 4, but shape [1] of float32 needs 4 bytes"#
        ),
        Row(
            body: #"{"input": {"shape": [1], "base64": 5}, "weight": [[1]]}"#,
            pointer: "/input/base64",
            detail: "input/base64: a string of base64 is expected, not a number"),
        Row(
            body: #"{"input": {"data": [1]}, "weight": [[1]]}"#, pointer: "/input/shape",
            detail:
                #"input/shape: "shape" is required: the sizes of the dimensions, such as [1, 3, 8, 8]"#
        ),
        Row(
            body: #"{"input": {"shape": [1]}, "weight": [[1]]}"#, pointer: "/input/data",
            detail: #"input/data: "data" is required: the numbers in row-major order, or "base64""#),
        Row(
            body: #"{"input": {"shape": [1], "data": [1], "base64": "AACAPw=="}, "weight": [[1]]}"#,
            pointer: "/input/base64",
            detail: #"input/base64: both "data" and "base64" are given; leave one of them out"#),
        Row(
            body: #"{"input": {"shape": [1], "dtype": "int8", "data": [1]}, "weight": [[1]]}"#,
            pointer: "/input/dtype",
            detail:
                #"input/dtype: unknown dtype "int8"; the dtypes here are "float32", "float64", "float16", "bfloat16""#
        ),
        Row(
            body:
                #"{"input": {"shape": [1, 1], "dtype": "float64", "data": [1]}, "weight": [[1]]}"#,
            pointer: "/weight",
            detail:
                "weight: this tensor is float32 (nested lists always are), but the first one of the request is float64; all tensors of a request have one dtype"
        ),
    ]

    static let parameterRows = [
        Row(
            body: base(#""stride": 2.5"#), pointer: "/stride",
            detail: "stride: 2.5 is not an integer; use a whole number such as 2"),
        Row(
            body: base(#""stride": 2.0"#), pointer: "/stride",
            detail: "stride: 2.0 is written as a fraction; integers have no point: 2"),
        Row(
            body: base(#""stride": [1, 2e0]"#), pointer: "/stride/1",
            detail: "stride/1: 2e0 is written as a fraction; integers have no point: 2"),
        Row(
            body: base(#""stride": "2""#), pointer: "/stride",
            detail: "stride: an integer or a list of integers is expected, not a string"),
        Row(
            body: base(#""stride": true"#), pointer: "/stride",
            detail: "stride: an integer or a list of integers is expected, not true or false"),
        Row(
            body: base(#""stride": []"#), pointer: "/stride",
            detail:
                "stride: [] has 0 values; send one integer, or one for each spatial dimension, such as [2, 2]"
        ),
        Row(
            body: base(#""padding": [[]]"#), pointer: "/padding/0",
            detail: "padding/0: a pair [before, after] is expected, not 0 values"),
        Row(
            body: base(#""dilation": [[1]]"#), pointer: "/dilation/0",
            detail: "dilation/0: an integer is expected, not a list"),
        Row(
            body: base(#""groups": [1]"#), pointer: "/groups",
            detail: "groups: an integer is expected, not a list"),
        Row(
            body: base(#""groups": 99999999999999999999"#), pointer: "/groups",
            detail: "groups: 99999999999999999999 is larger than any size can be"),
        Row(
            body: base(#""padding": "SAME""#), pointer: "/padding",
            detail:
                #"padding: unknown padding word "SAME"; did you mean "same"? The padding words here are "valid", "same", "same_upper", "same_lower", "full", "causal", besides integers and [before, after] pairs"#
        ),
        Row(
            body: base(#""padding": [[1, 1], [1]]"#), pointer: "/padding/1",
            detail: "padding/1: a pair [before, after] is expected, not 1 value"),
        Row(
            body: base(#""padding": {}"#), pointer: "/padding",
            detail: "padding: an integer or a list of integers is expected, not an object"),
        Row(
            body: base(#""format": "binary""#), pointer: "/format",
            detail:
                #"format: unknown format "binary"; the formats here are "nested", "flat", "base64""#
        ),
        Row(
            body: base(#""format": 1"#), pointer: "/format",
            detail: #"format: "nested" or "flat" or "base64" is expected, not a number"#),
        Row(
            body: base("\"stride\": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), pointer: "/stride",
            detail: "stride: more than 16 values; one per dimension is expected"),
    ]

    static let fieldRows = [
        Row(
            body: #"{"weight": [[1]]}"#, pointer: "/input",
            detail: #"input: "input" is required: the tensor to convolve, such as [[1, 2], [3, 4]]"#
        ),
        Row(
            body: #"{"input": [[1]]}"#, pointer: "/weight",
            detail: #"weight: "weight" is required: the kernel, such as [[1, 0], [0, -1]]"#),
        Row(
            body: #"{"input": null, "weight": [[1]]}"#, pointer: "/input",
            detail: #"input: "input" is required: the tensor to convolve, such as [[1, 2], [3, 4]]"#
        ),
        Row(
            body: #"{"input": [[1]], "input": [[2]], "weight": [[1]]}"#, pointer: "/input",
            detail: #"input: "input" is given twice; leave one of the two out"#),
        Row(
            body: #"{"input": [[1]], "in\u0070ut": [[2]], "weight": [[1]]}"#, pointer: "/input",
            detail: #"input: "input" is given twice; leave one of the two out"#),
        Row(body: "[1, 2]", pointer: "", detail: "the body is an object, not a list"),
        Row(body: " 7 ", pointer: "", detail: "the body is an object, not a number"),
        Row(
            body: base(#""strid": 2"#), pointer: "/strid",
            detail:
                #"strid: unknown field "strid"; did you mean "stride"? The fields here are "input", "weight", "bias", "stride", "padding", "dilation", "groups", "padding_mode", "padding_value", "flip_kernel", "activation", "add", "algorithm", "precision", "explain", "format""#
        ),
        Row(
            body: base(#""output_padding": 1"#), pointer: "/output_padding",
            detail:
                #"output_padding: unknown field "output_padding"; the fields here are "input", "weight", "bias", "stride", "padding", "dilation", "groups", "padding_mode", "padding_value", "flip_kernel", "activation", "add", "algorithm", "precision", "explain", "format""#
        ),
        Row(
            body: #"{"input": {"shape": [1, 1], "dat": [1]}, "weight": [[1]]}"#,
            pointer: "/input/dat",
            detail:
                #"input/dat: unknown field "dat"; did you mean "data"? The fields here are "shape", "dtype", "data", "base64""#
        ),
        Row(
            body: base(#""a~b/c": 2"#), pointer: "/a~0b~1c",
            detail:
                #"a~0b~1c: unknown field "a~b/c"; the fields here are "input", "weight", "bias", "stride", "padding", "dilation", "groups", "padding_mode", "padding_value", "flip_kernel", "activation", "add", "algorithm", "precision", "explain", "format""#
        ),
    ]

    static func base(_ more: String) -> String {
        #"{"input": [[1, 2], [3, 4]], "weight": [[1]], \#(more)}"#
    }
}
