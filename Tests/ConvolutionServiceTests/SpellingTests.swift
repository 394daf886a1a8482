// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The three spellings of a tensor, in and out.
@Suite struct SpellingTests {
    static let inputs = [
        ("nested", "[[1.5, -2], [3, 4]]"),
        ("flat", #"{"shape": [2, 2], "dtype": "float32", "data": [1.5, -2, 3, 4]}"#),
        ("base64", #"{"shape": [2, 2], "base64": "AADAPwAAAMAAAEBAAACAQA=="}"#),
    ]
    static let outputs = [
        "nested": #"{"output":[[3.0,-4.0],[6.0,8.0]],"#,
        "flat": #"{"output":{"shape":[2,2],"dtype":"float32","data":[3.0,-4.0,6.0,8.0]},"#,
        "base64":
            #"{"output":{"shape":[2,2],"dtype":"float32","base64":"AABAQAAAgMAAAMBAAAAAQQ=="},"#,
    ]

    @Test(arguments: inputs)
    func replyIsSpelledAsTheInput(_ spelling: String, _ input: String) throws {
        let reply = Client().post("conv2d", #"{"weight": [[2]], "input": \#(input)}"#)
        #expect(reply.status == 200)
        #expect(reply.text.hasPrefix(try #require(Self.outputs[spelling])), "\(reply.text)")
    }

    @Test(arguments: inputs, outputs.keys.sorted())
    func formatChooses(_ input: (String, String), _ format: String) throws {
        let reply = Client().post(
            "conv2d", #"{"input": \#(input.1), "weight": [[2]], "format": "\#(format)"}"#)
        #expect(reply.text.hasPrefix(try #require(Self.outputs[format])), "\(reply.text)")
    }

    /// The parts of the object in every order, also data before the dtype that it is read with.
    @Test func anyOrder() {
        let parts = [#""shape": [2]"#, #""dtype": "float64""#, #""data": [0.1, 1e300]"#]
        for (a, b, c) in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)] {
            let input = "{\(parts[a]), \(parts[b]), \(parts[c])}"
            let weight = #"{"data": [1], "dtype": "float64", "shape": [1]}"#
            let reply = Client().post("conv1d", #"{"input": \#(input), "weight": \#(weight)}"#)
            #expect(
                reply.text.hasPrefix(
                    #"{"output":{"shape":[2],"dtype":"float64","data":[0.1,1e+300]}"#)
                    || reply.text.hasPrefix(
                        #"{"output":{"shape":[2],"dtype":"float64","data":[0.1,1e300]}"#),
                "\(input): \(reply.text)")
        }
    }

    /// A dtype so placed that it is only found once the data has been read.
    @Test func dtypeBehindAnUnexpectedPart() {
        let input = #"{"data": [1, 2], "base64": null, "dtype": "float64", "shape": [2]}"#
        let weight = #"{"shape": [1], "dtype": "float64", "data": [1]}"#
        let reply = Client().post("conv1d", #"{"input": \#(input), "weight": \#(weight)}"#)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.output == [1, 2])
    }

    @Test func float64InBase64() {
        let bytes = Data([0.1, -1e300].flatMap { withUnsafeBytes(of: $0 as Double, Array.init) })
        let input =
            #"{"shape": [2], "dtype": "float64", "base64": "\#(bytes.base64EncodedString())"}"#
        let weight = #"{"shape": [1], "dtype": "float64", "base64": "AAAAAAAA8D8="}"#
        let reply = Client().post("conv1d", #"{"input": \#(input), "weight": \#(weight)}"#)
        let output = reply.json?["output"] as? [String: Any]
        #expect(output?["base64"] as? String == bytes.base64EncodedString())
        #expect(output?["dtype"] as? String == "float64")
    }

    /// `\/` is a slash, as some writers of JSON have it, and `\u002b` a plus.
    @Test func escapedBase64() {
        let plain = Client().post(
            "conv1d", #"{"input": {"shape": [1], "base64": "//9/Pw=="}, "weight": [1]}"#)
        let escaped = Client().post(
            "conv1d", #"{"input": {"shape": [1], "base64": "\/\/9\u002fPw=="}, "weight": [1]}"#)
        #expect(plain.status == 200)
        #expect(plain.json?["output"] as? NSDictionary == escaped.json?["output"] as? NSDictionary)
    }

    @Test func specialNumbers() {
        let reply = Client().post(
            "conv1d",
            #"{"input": [NaN, Infinity, -Infinity, "NaN", "Infinity", "-Infinity"], "weight": [1]}"#
        )
        #expect(
            reply.text.hasPrefix(
                #"{"output":["NaN","Infinity","-Infinity","NaN","Infinity","-Infinity"]"#),
            "\(reply.text)")
    }

    @Test func nullIsAbsent() {
        let reply = Client().post(
            "conv1d",
            #"{"input": [1, 2], "weight": [1], "bias": null, "stride": null, "padding": null, "format": null}"#
        )
        #expect(reply.output == [1, 2])
    }

    @Test func emptyBatch() {
        let reply = Client().post(
            "conv1d", #"{"input": {"shape": [0, 1, 4], "data": []}, "weight": [[[1]]]}"#)
        #expect(reply.text.hasPrefix(#"{"output":{"shape":[0,1,4],"dtype":"float32","data":[]}"#))
    }

    @Test func blanksAnywhere() {
        let reply = Client().post(
            "conv1d",
            " \t\r\n{ \"input\" : [ 1 , 2 ] , \n \"weight\" : [ 1 ] , \"stride\" : [ 2 ] } \n ")
        #expect(reply.output == [1])
    }
}
