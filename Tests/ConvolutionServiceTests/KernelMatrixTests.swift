// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import HTTPTransport
import Testing

/// `kernel_matrix` over HTTP; what it computes is tested in the engine.
@Suite struct KernelMatrixTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let fields: String
        let pointer: String
        let says: String
        var testDescription: String { fields }

        init(_ fields: String, _ pointer: String, _ says: String) {
            (self.fields, self.pointer, self.says) = (fields, pointer, says)
        }
    }

    @Test(arguments: [
        (
            #""kernel": [1, 2], "input_size": 3"#,
            #"{"matrix":[[1.0,2.0,0.0],[0.0,1.0,2.0]],"output_shape":[2],"input_shape":[3]}"#
        ),
        (
            #""kernel": [1, 2], "input_size": [3], "padding": "same", "format": "flat""#,
            #"{"matrix":{"shape":[3,3],"dtype":"float32","data":[1.0,2.0,0.0,0.0,1.0,2.0,0.0,0.0,1.0]},"output_shape":[3],"input_shape":[3]}"#
        ),
        (
            #""kernel": [1, 2], "input_size": 4, "stride": 2, "padding": [[0, 1]], "dilation": 2"#,
            #"{"matrix":[[1.0,0.0,2.0,0.0],[0.0,0.0,1.0,0.0]],"output_shape":[2],"input_shape":[4]}"#
        ),
        (
            #""kernel": [1, 2], "input_size": 2, "transposed": true, "stride": 3, "output_padding": 1"#,
            #"{"matrix":[[1.0,0.0],[2.0,0.0],[0.0,0.0],[0.0,1.0],[0.0,2.0],[0.0,0.0]],"output_shape":[6],"input_shape":[2]}"#
        ),
        (
            #""weight": [[[3]], [[5]]], "input_size": 1, "groups": 2"#,
            #"{"matrix":[[3.0,0.0],[0.0,5.0]],"output_shape":[2,1],"input_shape":[2,1]}"#
        ),
        (
            #""weight": [[[3], [5]]], "input_size": 1, "transposed": true"#,
            #"{"matrix":[[3.0],[5.0]],"output_shape":[2,1],"input_shape":[1,1]}"#
        ),
        (
            #""weight": {"shape": [1, 1, 1], "dtype": "float64", "data": [0.1]}, "input_size": 1, "kernel": null"#,
            #"{"matrix":{"shape":[1,1],"dtype":"float64","data":[0.1]},"output_shape":[1,1],"input_shape":[1,1]}"#
        ),
        (
            #""weight": {"shape": [2, 0, 1], "data": []}, "input_size": 1"#,
            #"{"matrix":{"shape":[2,0],"dtype":"float32","data":[]},"output_shape":[2,1],"input_shape":[0,1]}"#
        ),
    ])
    func replies(_ fields: String, _ expected: String) {
        let reply = Client().post("kernel_matrix", "{\(fields)}")
        #expect(reply.status == 200)
        #expect(reply.text == expected + "\n")
    }

    @Test(arguments: fields + sizes + engine)
    func refused(_ row: Row) {
        let reply = Client().post("kernel_matrix", "{\(row.fields)}")
        #expect(reply.status == 422, "\(reply.text)")
        #expect(reply.isProblem)
        #expect(reply.pointer == row.pointer, "\(reply.text)")
        #expect(reply.detail.hasPrefix(row.says), "\(reply.detail)")
    }

    static let fields = [
        Row(
            #""input_size": 3"#, "/kernel",
            #"kernel: "kernel" is required: the kernel, such as [[1, 0], [0, -1]], or a full "weight""#
        ),
        Row(
            #""kernel": [1]"#, "/input_size",
            #"input_size: "input_size" is required: the spatial size of the input, such as 4"#),
        Row(
            #""kernel": [1], "weight": [[[1]]], "input_size": 3"#, "/weight",
            #"weight: "kernel" and "weight" are both given; leave one of them out"#),
        Row(
            #""kernel": [1], "input_size": 3, "transpose": true"#, "/transpose",
            #"transpose: unknown field "transpose"; did you mean "transposed"? "#),
        Row(
            #""kernel": [1], "input_size": 3, "transposed": 1"#, "/transposed",
            "transposed: true or false is expected, not a number"),
        Row(
            #""kernel": [1], "input_size": "3""#, "/input_size",
            "input_size: an integer or a list of integers is expected, not a string"),
        Row(
            #""kernel": [1], "input_size": 3, "bias": [1]"#, "/bias",
            #"bias: unknown field "bias"; the fields here are "kernel", "weight", "input_size", "#),
    ]

    static let sizes = [
        Row(
            #""kernel": [[[[1]]]], "input_size": 3"#, "/kernel",
            "kernel shape [1, 1, 1, 1] has 4 dimensions; it has 1, 2 or 3, one for each spatial dimension: for channels send [C_out, C_in/groups, *kernel] as weight"
        ),
        Row(
            #""weight": [[1]], "input_size": 3, "transposed": true"#, "/weight",
            #"weight shape [1, 1] has 2 dimensions; send [C_in, C_out/groups, *kernel] with 1, 2 or 3 spatial dimensions, or "kernel" for one channel"#
        ),
        Row(
            #""kernel": [[1]], "input_size": [3, 3, 3]"#, "/input_size",
            "input_size is [3, 3, 3], 3 values, but the kernel has 2 spatial dimensions; send one number or a list of 2, one for each spatial dimension"
        ),
        Row(
            #""kernel": [[1]], "input_size": [3, 0]"#, "/input_size",
            "input_size is [3, 0]; it must be at least 1: send the spatial size of the input"),
        Row(
            #""kernel": [[1]], "input_size": [64, 65]"#, "/input_size",
            "input_size is [64, 65]: the matrix has a row for each of 4160 outputs and a column for each of 4160 inputs; at most 16777216 (2^24) elements are made: use a smaller "
        ),
        Row(
            #""kernel": [1], "input_size": 1, "padding": 99999999"#, "/input_size",
            "input_size is [1]: the matrix has a row for each of 199999999 outputs "),
        Row(
            #""kernel": [1], "input_size": 2000000000000"#, "/input_size",
            "input shape [2000000000000] multiplies to more than "),
        Row(
            #""weight": {"shape": [1, 0, 9000000], "data": []}, "input_size": 9000000, "padding": 8999999"#,
            "/input_size", "input_size is [9000000]: the matrix has a row for each of "),
    ]

    static let engine = [
        Row(
            #""kernel": [1, 2, 3], "input_size": 2"#, "/kernel",
            "the kernel covers 3 elements of length "),
        Row(
            #""weight": [[[1, 2, 3]]], "input_size": 2"#, "/weight",
            "the kernel covers 3 elements of length "),
        Row(
            #""kernel": {"shape": [0], "data": []}, "input_size": 2"#, "/kernel",
            "weight shape [0] has kernel length 0"),
        Row(
            #""kernel": [1], "input_size": 2, "groups": 2"#, "/groups",
            "groups is 2, which does not divide in_channels 1"),
        Row(
            #""weight": [[[1]], [[2]], [[3]]], "input_size": 2, "groups": 2"#, "/groups",
            "groups is 2; it must be at least 1 and divide out_channels 3 (weight shape [3, 1, 1]): use 1 or a divisor of 3"
        ),
        Row(
            #""weight": [[[1]], [[2]], [[3]]], "input_size": 2, "groups": 2, "transposed": true"#,
            "/groups", "groups is 2; it must be at least 1 and divide in_channels 3 "),
        Row(
            #""weight": [[[1]]], "input_size": 2, "groups": 0"#, "/groups",
            "groups is 0; it must be at least 1 and divide out_channels 1 (weight shape [1, 1, 1]): use 1"
        ),
        Row(
            #""weight": {"shape": [0, 9, 1], "data": []}, "input_size": 1, "groups": 999999999999999999"#,
            "/weight", "weight shape [0, 9, 1] has 0 output channels"),
        Row(
            #""weight": {"shape": [0, 9, 1], "data": []}, "input_size": 1, "groups": 999999999999999999, "transposed": true"#,
            "/groups", "groups is 999999999999999999, which with weight shape [0, 9, 1] gives more "
        ),
        Row(
            #""kernel": [1], "input_size": 2, "stride": 0"#, "/stride",
            "stride is 0; it must be at least 1"),
        Row(
            #""kernel": [1], "input_size": 2, "stride": [1, 1]"#, "/stride",
            "stride has 2 values, [1, 1]; conv1d takes one number"),
        Row(
            #""kernel": [1], "input_size": 2, "dilation": -1"#, "/dilation",
            "dilation is -1; it must be at least 1"),
        Row(
            #""kernel": [1], "input_size": 2, "padding": -1"#, "/padding",
            "padding is -1; it must be at least 0"),
        Row(
            #""kernel": [1], "input_size": 2, "padding": "same", "stride": 2"#, "/padding",
            #"padding is "same", which needs stride 1"#),
        Row(
            #""kernel": [1], "input_size": 2, "padding": "same", "transposed": true"#, "/padding",
            #"padding is "same", which conv_transpose1d does not have"#),
        Row(
            #""kernel": [1], "input_size": 2, "output_padding": 1"#, "/output_padding",
            #"output_padding is 1, which only transposed convolutions have; leave it out, or set "transposed" to true"#
        ),
        Row(
            #""kernel": [1], "input_size": 2, "output_padding": 1, "transposed": true"#,
            "/output_padding", "output_padding is 1; in length it must be smaller than "),
    ]

    /// The limit of every reply holds for matrices too.
    @Test func outputLimit() {
        var limits = ServiceLimits()
        limits.maxOutputBytes = 10_000
        let client = Client(limits: limits)
        #expect(client.post("kernel_matrix", #"{"kernel": [1], "input_size": 9}"#).status == 200)
        let reply = client.post("kernel_matrix", #"{"kernel": [1], "input_size": 99}"#)
        #expect(reply.status == 422)
        #expect(reply.detail.contains("--max-output-bytes"), "\(reply.text)")
    }

    @Test func largeMatricesAreNotInline() {
        func isInline(_ fields: String) -> Bool {
            let request = HTTPRequest(
                .post, "/v1/kernel_matrix", body: Array("{\(fields)}".utf8))
            switch Client().service.handler(request) {
            case .reply: return true
            case .compute: return false
            }
        }
        #expect(isInline(#""kernel": [1], "input_size": 64"#))
        #expect(!isInline(#""kernel": [1], "input_size": 65"#))
        #expect(
            !isInline(
                #""weight": {"shape": [1, 0, 1], "data": []}, "input_size": 1, "padding": 5000"#))
    }
}
