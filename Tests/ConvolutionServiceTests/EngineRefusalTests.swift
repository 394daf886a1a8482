// SPDX-License-Identifier: Apache-2.0

import Testing

/// The engine's and the fusion's refusals arrive with the pointer of the field at fault; their words
/// have tests of their own.
@Suite struct EngineRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let body: String
        let pointer: String
        let words: [String]
        var testDescription: String { "\(operation) \(body)" }
    }

    @Test(arguments: convolutions + fusions)
    func refused(_ row: Row) {
        let reply = Client().post(row.operation, row.body)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == row.pointer)
        for word in row.words { #expect(reply.detail.contains(word), "\(reply.detail)") }
    }

    static let convolutions = [
        conv(#""groups": 3"#, "/groups", ["3", "4"]),
        conv(#""groups": 0"#, "/groups", ["0"]),
        conv(#""stride": 0"#, "/stride", ["0"]),
        conv(#""stride": [1, 1, 1]"#, "/stride", ["3", "2"]),
        conv(#""padding": -1"#, "/padding", ["-1"]),
        conv(#""padding": [1, 1, 1, 1]"#, "/padding", []),
        conv(#""padding": "same", "stride": 2"#, "/padding", ["stride"]),
        conv(#""dilation": 0"#, "/dilation", ["0"]),
        conv(#""bias": [1, 2, 3]"#, "/bias", ["3"]),
        Row(
            operation: "conv2d", body: #"{"input": [1, 2], "weight": [[[[1]]]]}"#,
            pointer: "/input",
            words: ["[2]"]),
        Row(
            operation: "conv2d", body: #"{"input": [[[[1]]]], "weight": [[[[1, 2], [3, 4]]]]}"#,
            pointer: "/weight", words: ["1"]),
        Row(
            operation: "conv_transpose1d",
            body: #"{"input": [[[1, 2]]], "weight": [[[1]]], "output_padding": 1}"#,
            pointer: "/output_padding", words: ["1"]),
        Row(
            operation: "conv_transpose1d",
            body: #"{"input": [[[1, 2]]], "weight": [[[1]]], "padding": "same"}"#,
            pointer: "/padding", words: []),
    ]

    static let fusions = [
        Row(
            operation: "fuse/conv_bn",
            body: #"{"weight": [[[1]]], "bn": {"running_mean": [0], "running_var": [-1]}}"#,
            pointer: "/bn/running_var", words: ["-1", "variance"]),
        Row(
            operation: "fuse/conv_bn", body: #"{"weight": [[[1]]], "bn": {"running_var": [1]}}"#,
            pointer: "/bn/running_mean", words: ["running_mean"]),
        Row(
            operation: "fuse/conv_bn",
            body: #"{"weight": [[[1]]], "bn": {"running_mean": [0, 1], "running_var": [1]}}"#,
            pointer: "/bn/running_mean", words: ["2", "1"]),
        Row(
            operation: "fuse/repvgg",
            body: #"{"branches": [{"kind": "identity"}]}"#, pointer: "/branches", words: ["conv"]),
        Row(
            operation: "fuse/repvgg",
            body:
                #"{"branches": [{"kind": "conv", "weight": [[[[1]]]]}, {"kind": "identity"}], "stride": 2}"#,
            pointer: "/branches/1/kind", words: ["stride"]),
        Row(
            operation: "fuse/repvgg",
            body:
                #"{"branches": [{"kind": "conv", "weight": [[[[1]]]], "bn": {"running_mean": [0], "running_var": [0], "eps": 0}}]}"#,
            pointer: "/branches/0/bn/running_var", words: ["eps"]),
        Row(
            operation: "fuse/repvgg",
            body:
                #"{"branches": [{"kind": "conv", "weight": [[[[1]]]]}], "verify": true, "input_size": [100000, 100000]}"#,
            pointer: "/input_size", words: ["100000"]),
    ]

    static func conv(_ more: String, _ pointer: String, _ words: [String]) -> Row {
        let input =
            #"{"shape": [1, 4, 3, 3], "data": [\#(Array(repeating: "1", count: 36).joined(separator: ","))]}"#
        let weight =
            #"{"shape": [4, 4, 1, 1], "data": [\#(Array(repeating: "1", count: 16).joined(separator: ","))]}"#
        return Row(
            operation: "conv2d", body: #"{"input": \#(input), "weight": \#(weight), \#(more)}"#,
            pointer: pointer, words: words)
    }
}
