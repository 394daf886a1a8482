// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Whatever the bytes are, there is an answer, and a 400 only for what is no JSON.
@Suite struct GrammarTests {
    static let valid =
        #"{"input": {"shape": [1, 1, 2, 2], "dtype": "float32", "data": [1.5, -2e0, "NaN", 4]}, "weight": [[[[0.5]]]], "bias": {"shape": [1], "base64": "AACAPw=="}, "stride": [1, 1], "padding": [[0, 1], [1, 0]], "dilation": 1, "groups": 1, "format": "n\u0065sted"}"#
    static let block =
        #"{"branches": [{"kind": "conv", "weight": [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]], "bias": [1], "bn": {"running_mean": [0], "running_var": [1], "eps": 1e-3}}, {"kind": "identity"}], "verify": false, "stride": 1}"#

    @Test(arguments: [
        (#"{"input": [1], "weight": [1],}"#, 29, "a name in quotes is expected, not \"}\""),
        (#"{"input": [1,], "weight": [1]}"#, 13, "a value is expected, not \"]\""),
        (
            #"{"input": [01], "weight": [1]}"#, 12,
            "a number has no leading zero: its end is expected, not \"1\""
        ),
        (#"{"input": [+1], "weight": [1]}"#, 11, "a value is expected, not \"+\""),
        (#"{"input": [.5], "weight": [1]}"#, 11, "a value is expected, not \".\""),
        (#"{"input": [1.], "weight": [1]}"#, 13, "a digit is expected, not \"]\""),
        (#"{"input": [1e], "weight": [1]}"#, 13, "a digit is expected, not \"]\""),
        (#"{"input": [0x1], "weight": [1]}"#, 12, "\",\" or \"]\" is expected, not \"x\""),
        (#"{"input": [1] "weight": [1]}"#, 14, "\",\" or \"}\" is expected, not \"\"\""),
        (#"{"input": [1], "weight": [1]} x"#, 30, "\"x\" behind the end of the document"),
        (#"{"input": [1], "weight": [1]}}"#, 29, "\"}\" behind the end of the document"),
        (#"{"input": [1], "weight"; [1]}"#, 23, "\":\" is expected, not \";\""),
        (
            #"{'input': [1]}"#, 1,
            "a name in quotes is expected, not a single quote (JSON strings have double quotes)"
        ),
        (#"{"input": [1], "format": "nested}"#, 25, "a string that does not end"),
        (
            "{\"for\nmat\": 1}", 5,
            "a string holds no bare control character: an escape is expected, not byte 0xa"
        ),
        (#"{"\x": 1}"#, 3, "an escape (one of \"\\/bfnrtu) is expected, not \"x\""),
        (#"{"\u12g4": 1}"#, 6, "a hexadecimal digit is expected, not \"g\""),
        (#"{"input": tru}"#, 10, "a value is expected, not \"t\""),
        (#"{"a": 1, "b" 2}"#, 13, "\":\" is expected, not \"2\""),
        (
            "", 0,
            #"the body is empty; send an object such as {"input": [[...]], "weight": [[...]]}"#
        ),
        ("  ", 2, "a value is expected, not the end of the body"),
        ("\u{FEFF}{}", 0, "a byte order mark; send UTF-8 without one"),
        ("{\"input\": [1], \"weight\": [1]}\0", 29, "byte 0x0 behind the end of the document"),
    ])
    func malformed(_ body: String, _ offset: Int, _ reason: String) {
        let reply = Client().post("conv1d", body)
        #expect(reply.status == 400)
        #expect(reply.isProblem)
        #expect(reply.detail == "the body is not JSON: byte \(offset): \(reason)")
    }

    /// A wrong value in front of broken text: the text is what counts.
    @Test func grammarBeforeMeaning() {
        #expect(Client().post("conv1d", #"{"inputt": 1, "#).status == 400)
        #expect(Client().post("conv1d", #"{"stride": "x", "weight": [1}"#).status == 400)
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82],
            [0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        ] as [[UInt8]])
    func notUTF8(_ bytes: [UInt8]) {
        let body = Array("{\"".utf8) + bytes + Array("\": 1}".utf8)
        let reply = Client().post("conv1d", bytes: body)
        #expect(reply.status == 400)
        #expect(reply.detail.hasPrefix("the body is not JSON: byte 2: text that is not UTF-8"))
    }

    @Test func textOfEveryKindInNames() {
        let reply = Client().post("conv1d", #"{"é€😀\ud83d\ude00\ud800\"\\": 1}"#)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == "/é€😀😀\u{FFFD}\"\\")
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":", "{\"input\":", "{\"input\":["])
    func depth(_ opening: String) {
        let client = Client()
        for prefix in ["", "{\"input\":", "{\"bn\":", "{\"x\":"] {
            let body = prefix + String(repeating: opening, count: 200_000)
            #expect(client.post("conv1d", body).status == 400)
            #expect(client.post("fuse/conv_bn", body).status == 400)
        }
    }

    @Test(arguments: [("conv2d", valid), ("fuse/repvgg", block)])
    func truncated(_ operation: String, _ body: String) {
        let client = Client()
        let bytes = Array(body.utf8)
        #expect(client.post(operation, bytes: bytes).status == 200)
        for count in 0..<bytes.count {
            let reply = client.post(operation, bytes: Array(bytes.prefix(count)))
            #expect(reply.status == 400, "\(count) bytes: \(reply.text)")
            #expect(reply.isProblem)
        }
    }

    /// Bytes changed, left out, doubled and swapped at random: an answer, and a sound one.
    @Test(arguments: [
        ("conv2d", valid), ("fuse/repvgg", block), ("shape", block), ("conv_transpose2d", valid),
    ])
    func mutated(_ operation: String, _ body: String) {
        let client = Client()
        var generator = SeededGenerator(seed: 42)
        let alphabet = Array("{}[]\",:.-+eE0123456789 \\/ntfu\0\u{7F}".utf8) + [0x80, 0xC3, 0xFF]
        for _ in 0..<20_000 {
            var bytes = Array(body.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                Self.mutate(&bytes, alphabet, &generator)
            }
            let reply = client.post(operation, bytes: bytes)
            let text = String(decoding: bytes, as: UTF8.self)
            // "unexpected" would be a text that the reading refused and the checking did not.
            let isSound =
                reply.status == 200
                ? reply.json != nil : reply.isProblem && !reply.detail.hasSuffix(": unexpected")
            // A body that does not begin like text is of no encoding that we know.
            let isText = bytes.first.map { 0x20...0x7E ~= $0 } ?? true
            let statuses = isText ? [200, 400, 422] : [400, 415]
            #expect(statuses.contains(reply.status) && isSound, "\(text): \(reply.text)")
        }
    }

    static func mutate(
        _ bytes: inout [UInt8], _ alphabet: [UInt8], _ generator: inout SeededGenerator
    ) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        let other = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] = alphabet.randomElement(using: &generator)!
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(alphabet.randomElement(using: &generator)!, at: index)
        case 3: bytes.swapAt(index, other)
        default: bytes.insert(contentsOf: bytes[min(index, other)...max(index, other)], at: index)
        }
    }
}
