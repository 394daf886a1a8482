// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import HTTPTransport
import Testing

/// `unfold` and `fold` over HTTP; what they compute is tested in the engine.
@Suite struct WindowEndpointTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let body: String
        let reply: String
        var testDescription: String { "\(operation) \(body)" }
    }

    @Test(arguments: unfolds + folds)
    func replies(_ row: Row) {
        let reply = Client().post(row.operation, row.body)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.text == row.reply + "\n")
    }

    static let unfolds = [
        unfold(
            #""input": [[[1, 2], [3, 4]]], "kernel_size": 2"#,
            "[[1.0],[2.0],[3.0],[4.0]]"),
        unfold(
            #""input": [[1, 2, 3]], "kernel_size": [2]"#, "[[1.0,2.0],[2.0,3.0]]"),
        unfold(
            #""input": [[1, 2, 3]], "kernel_size": 2, "stride": [2], "padding": [1]"#,
            "[[0.0,2.0],[1.0,3.0]]"),
        unfold(
            #""input": [[1, 2, 3]], "kernel_size": 2, "dilation": 2, "padding": [[0, 1]]"#,
            "[[1.0,2.0],[3.0,0.0]]"),
        unfold(
            #""input": [[1, 2, 3]], "kernel_size": 2, "pads": [1, 0], "padding": null"#,
            "[[0.0,1.0,2.0],[1.0,2.0,3.0]]"),
        unfold(
            #""input": [[[1, 2]]], "kernel_size": 1, "pads": [0, 1, 0, 0]"#,
            "[[0.0,1.0,2.0]]"),
        unfold(
            #""input": [[[1, 2]]], "kernel_size": 1, "padding": "valid""#, "[[1.0,2.0]]"),
        unfold(
            #""input": [[["NaN", -0.0]]], "kernel_size": 1"#, #"[["NaN",-0.0]]"#),
        unfold(
            #""input": {"shape": [0, 1, 2, 2], "data": []}, "kernel_size": 2"#,
            #"{"shape":[0,4,1],"dtype":"float32","data":[]}"#),
        unfold(
            #""input": {"shape": [1, 2], "dtype": "float64", "data": [0.1, 1e300]}, "kernel_size": [1], "format": "nested""#,
            "[[0.1,1e300]]"),
        unfold(
            #""input": [[1, 2]], "kernel_size": [1], "format": "base64""#,
            #"{"shape":[1,2],"dtype":"float32","base64":"AACAPwAAAEA="}"#),
    ]

    static let folds = [
        fold(
            #""input": [[1], [2], [3], [4]], "output_size": 2, "kernel_size": 2"#,
            "[[[1.0,2.0],[3.0,4.0]]]"),
        fold(
            #""input": [[1, 2], [3, 4]], "output_size": [3], "kernel_size": 2"#,
            "[[1.0,5.0,4.0]]"),
        fold(
            #""input": [[1, 2], [3, 4]], "output_size": 3, "kernel_size": [2]"#,
            "[[1.0,5.0,4.0]]"),
        fold(
            #""input": [[1, 2], [3, 4]], "output_size": [1, 2], "kernel_size": [1, 2], "padding": [[0, 0], [1, 0]]"#,
            "[[[5.0,4.0]]]"),
        fold(
            #""input": [[1, 2], [3, 4]], "output_size": [2], "kernel_size": 2, "pads": [0, 1]"#,
            "[[1.0,5.0]]"),
        fold(
            #""input": [[1, 2], [3, 4]], "output_size": [4], "kernel_size": 2, "stride": 2"#,
            "[[1.0,3.0,2.0,4.0]]"),
        fold(
            #""input": [[1, 2], [3, 4]], "output_size": [4], "kernel_size": 2, "dilation": 2"#,
            "[[1.0,2.0,3.0,4.0]]"),
        fold(
            #""input": {"shape": [0, 2, 2], "data": []}, "output_size": [3], "kernel_size": 2"#,
            #"{"shape":[0,1,3],"dtype":"float32","data":[]}"#),
    ]

    static func unfold(_ fields: String, _ output: String) -> Row {
        Row(operation: "unfold", body: "{\(fields)}", reply: "{\"output\":\(output)}")
    }

    static func fold(_ fields: String, _ output: String) -> Row {
        Row(operation: "fold", body: "{\(fields)}", reply: "{\"output\":\(output)}")
    }

    /// A few bytes of padding, or of output size, that ask for terabytes.
    @Test(arguments: [
        ("unfold", #""input": [[[1]]], "kernel_size": 1, "padding": 100000"#),
        ("unfold", #""input": [[[1]]], "kernel_size": 200001, "padding": 100000"#),
        (
            "fold",
            #""input": [[1]], "kernel_size": 1, "output_size": [100000, 100000], "stride": 100000"#
        ),
    ])
    func tooLarge(_ operation: String, _ fields: String) {
        let reply = Client().post(operation, "{\(fields)}")
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.detail.contains("--max-output-bytes"), "\(reply.text)")
    }

    @Test func largeWorkIsNotInline() {
        func isInline(_ operation: String, _ fields: String) -> Bool {
            let body = Array("{\(fields)}".utf8)
            let request = HTTPRequest(.post, "/v1/\(operation)", body: body)
            switch Client().service.handler(request) {
            case .reply: return true
            case .compute: return false
            }
        }
        #expect(isInline("unfold", #""input": [[[1, 2]]], "kernel_size": 1"#))
        #expect(!isInline("unfold", #""input": [[[1]]], "kernel_size": 1, "padding": 40"#))
        #expect(isInline("fold", #""input": [[1]], "kernel_size": [1], "output_size": [1]"#))
        #expect(
            !isInline(
                "fold",
                #""input": [[1]], "kernel_size": [1], "output_size": [9999], "stride": 9999"#))
    }
}
