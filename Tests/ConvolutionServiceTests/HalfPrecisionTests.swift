// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import Foundation
import TestSupport
import Testing

/// float16 and bfloat16 from wire to wire.
@Suite struct HalfPrecisionTests {
    static let dtypes = ["float16", "bfloat16"]

    static func flat(_ numbers: String, _ dtype: String, shape: String) -> String {
        #"{"shape": \#(shape), "dtype": "\#(dtype)", "data": [\#(numbers)]}"#
    }

    static func one(_ dtype: String) -> String { flat("1", dtype, shape: "[1]") }

    /// In float16 2048 + 1 is 2048 again, in bfloat16 256 + 1 is 256: only a sum in float32 that is
    /// rounded at its end comes out right.
    static let sums = [
        ("flat", "float16", "2048, 1, 1", #"{"shape":[1],"dtype":"float16","data":[2050.0]}"#),
        ("base64", "float16", "2048, 1, 1", #"{"shape":[1],"dtype":"float16","base64":"AWg="}"#),
        ("nested", "float16", "2048, 1, 1", "[2050.0]"),
        ("flat", "bfloat16", "256, 1, 1", #"{"shape":[1],"dtype":"bfloat16","data":[258.0]}"#),
        ("base64", "bfloat16", "256, 1, 1", #"{"shape":[1],"dtype":"bfloat16","base64":"gUM="}"#),
        ("nested", "bfloat16", "256, 1, 1", "[258.0]"),
        ("flat", "float16", "65504, 8, 7", #"{"shape":[1],"dtype":"float16","data":[65500.0]}"#),
        (
            "flat", "float16", "65504, 8, 8",
            #"{"shape":[1],"dtype":"float16","data":["Infinity"]}"#
        ),
    ]

    @Test(arguments: sums)
    func roundedOnce(_ format: String, _ dtype: String, _ terms: String, _ output: String) {
        let input = Self.flat(terms, dtype, shape: "[3]")
        let weight = Self.flat("1, 1, 1", dtype, shape: "[3]")
        let reply = Client().post(
            "conv1d", #"{"input": \#(input), "weight": \#(weight), "format": "\#(format)"}"#)
        #expect(reply.status == 200)
        #expect(reply.text.hasPrefix(#"{"output":\#(output),"#), "\(reply.text)")
    }

    /// Every number there is, sent as raw bytes, comes back as the same ones, by way of text too.
    @Test(arguments: dtypes)
    func everyPatternComesBack(_ dtype: String) throws {
        let format = dtype == "float16" ? HalfReference.float16 : .bfloat16
        let patterns = (UInt16.min...UInt16.max).filter { $0 & 0x7FFF <= format.infinity }
        let raw = patterns.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let text = Data(raw).base64EncodedString()
        let head = #""shape": [\#(patterns.count)], "dtype": "\#(dtype)""#
        let weight = Self.one(dtype)
        let direct = Client().post(
            "conv1d", #"{"input": {\#(head), "base64": "\#(text)"}, "weight": \#(weight)}"#)
        let returned = try #require(direct.json?["output"] as? [String: Any])
        #expect(returned["base64"] as? String == text)
        let printed = Client().post(
            "conv1d",
            #"{"input": {\#(head), "base64": "\#(text)"}, "weight": \#(weight), "format": "flat"}"#)
        let numbers = printed.text.split(separator: "\"data\":[")[1].prefix { $0 != "]" }
        let again = Client().post(
            "conv1d",
            #"{"weight": \#(weight), "input": {"data": [\#(numbers)], \#(head)}, "format": "base64"}"#
        )
        let output = try #require(again.json?["output"] as? [String: Any])
        #expect(output["base64"] as? String == text)
    }

    static let refusals = [
        (
            #"{"input": \#(flat("1, 65520", "float16", shape: "[2]")), "weight": \#(one("float16"))}"#,
            "/input/data/1",
            #"input/data/1: 65520 does not fit float16; send every tensor as {"shape", "dtype": "float32" or "float64", "data"}"#
        ),
        (
            #"{"input": \#(flat("-3.3961776e38", "bfloat16", shape: "[1]")), "weight": \#(one("bfloat16"))}"#,
            "/input/data/0",
            #"input/data/0: -3.3961776e38 does not fit bfloat16; send every tensor as {"shape", "dtype": "float32" or "float64", "data"}"#
        ),
        (
            #"{"input": \#(one("float16")), "weight": \#(one("bfloat16"))}"#, "/weight",
            "weight: this tensor is bfloat16, but the first one of the request is float16; all tensors of a request have one dtype"
        ),
        (
            #"{"input": \#(one("float16")), "weight": [1]}"#, "/weight",
            "weight: this tensor is float32 (nested lists always are), but the first one of the request is float16; all tensors of a request have one dtype"
        ),
        (
            #"{"input": \#(one("bfloat16")), "weight": \#(one("bfloat16")), "add": \#(one("float32"))}"#,
            "/add",
            "add: this tensor is float32, but the first one of the request is bfloat16; all tensors of a request have one dtype"
        ),
        (
            #"{"input": {"shape": [1], "dtype": "float16", "base64": "AACAPw=="}, "weight": \#(one("float16"))}"#,
            "/input/base64",
            #"input/base64: "base64" has 4 bytes, but shape [1] of float16 needs 2 bytes"#
        ),
    ]

    @Test(arguments: refusals)
    func refused(_ body: String, _ pointer: String, _ detail: String) {
        let reply = Client().post("conv1d", body)
        #expect(reply.status == 422)
        #expect(reply.pointer == pointer)
        #expect(reply.detail == detail)
    }

    @Test(arguments: dtypes)
    func shape(_ dtype: String) {
        let reply = Client().post(
            "shape",
            #"{"operation": "conv1d", "input": [1, 1, 3], "weight": [1, 1, 1], "dtype": "\#(dtype)"}"#
        )
        #expect(reply.json?["bytes_moved"] as? Int == 7 * 2)
    }

    static let others = [
        (
            "conv1d/backward",
            #""input": \#(flat("2048, 1, 1", "float16", shape: "[3]")), "weight": \#(one("float16")), "grad_output": \#(flat("1, 1, 1", "float16", shape: "[3]"))"#,
            #"{"grad_input":{"shape":[3],"dtype":"float16","data":[1.0,1.0,1.0]},"grad_weight":{"shape":[1],"dtype":"float16","data":[2050.0]}"#
        ),
        (
            "unfold",
            #""input": \#(flat("1.5, 2, 3", "bfloat16", shape: "[1, 1, 3]")), "kernel_size": [2]"#,
            #"{"output":{"shape":[1,2,2],"dtype":"bfloat16","data":[1.5,2.0,2.0,3.0]}}"#
        ),
        (
            "fold",
            #""input": \#(flat("0, 256, 1, 0", "bfloat16", shape: "[1, 2, 2]")), "kernel_size": [2], "output_size": [3]"#,
            #"{"output":{"shape":[1,1,3],"dtype":"bfloat16","data":[0.0,256.0,0.0]}}"#
        ),
        (
            "kernel_matrix",
            #""kernel": \#(flat("0.1, 2", "float16", shape: "[2]")), "input_size": [3]"#,
            #"{"matrix":{"shape":[2,3],"dtype":"float16","data":[0.1,2.0,0.0,0.0,0.1,2.0]}"#
        ),
    ]

    @Test(arguments: others)
    func otherOperations(_ operation: String, _ fields: String, _ expected: String) {
        let reply = Client().post(operation, "{\(fields)}")
        #expect(reply.status == 200)
        #expect(reply.text.hasPrefix(expected), "\(reply.text)")
    }

    /// The error that is told is that of the output as it would be sent.
    @Test(arguments: dtypes)
    func compared(_ dtype: String) throws {
        let input = Self.flat("0.1, 0.2, 0.3", dtype, shape: "[3]")
        let weight = Self.flat("0.7, 0.9", dtype, shape: "[2]")
        let reply = Client().post(
            "compare", #"{"operation": "conv1d", "input": \#(input), "weight": \#(weight)}"#)
        let rows = try #require(reply.json?["results"] as? [[String: Any]])
        #expect(!rows.isEmpty)
        for row in rows {
            let error = try #require(row["max_rel_error"] as? Double)
            #expect(error > 1e-6 && error < (dtype == "float16" ? 0x1p-11 : 0x1p-8))
        }
    }

    /// What is computed takes 4 bytes an element, though 2 are sent.
    @Test func outputIsLimitedAsItIsComputed() {
        var limits = ServiceLimits()
        limits.maxOutputBytes = 40_000
        let client = Client(limits: limits)
        for (count, status) in [(9_000, 200), (11_000, 422)] {
            let text = Data(count: 2 * count).base64EncodedString()
            let input = #"{"shape": [\#(count)], "dtype": "float16", "base64": "\#(text)"}"#
            let reply = client.post(
                "conv1d", #"{"input": \#(input), "weight": \#(Self.one("float16"))}"#)
            #expect(reply.status == status, "\(reply.text.prefix(300))")
        }
    }

    /// 1 + 2^-11 is halfway from 1 to the next float16, and a float32; a little above it, a double that
    /// becomes a float32 first is halfway again.
    @Test func fusedOnce() {
        let bn = #"{"weight": [1.000488281251], "running_mean": [0], "running_var": [1], "eps": 0}"#
        let reply = Client().post(
            "fuse/conv_bn",
            #"{"weight": \#(Self.flat("1", "float16", shape: "[1, 1, 1]")), "bn": \#(bn)}"#)
        #expect(
            reply.text
                == #"{"weight":{"shape":[1,1,1],"dtype":"float16","data":[1.001]},"bias":{"shape":[1],"dtype":"float16","data":[0.0]}}"#
                + "\n")
    }

    @Test(arguments: dtypes)
    func fusedAndVerified(_ dtype: String) throws {
        let numbers = (1...9).map { "\(Double($0) / 7)" }.joined(separator: ", ")
        let weight = Self.flat(numbers, dtype, shape: "[1, 1, 3, 3]")
        let bn =
            #"{"weight": {"shape": [1], "dtype": "float16", "data": [1.5]}, "running_mean": [0.3], "running_var": [2]}"#
        let reply = Client().post(
            "fuse/repvgg",
            """
            {"branches": [{"kind": "conv", "weight": \(weight), "bn": \(bn)}, {"kind": "identity"},
             {"kind": "avg_pool", "kernel_size": 3}], "verify": true}
            """)
        #expect(reply.status == 200, "\(reply.text)")
        let fused = try #require(reply.json?["weight"] as? [String: Any])
        #expect(fused["dtype"] as? String == dtype)
        let verify = try #require(reply.json?["verify"] as? [String: Any])
        #expect(verify["all_close"] as? Bool == true)
        #expect(try #require(verify["max_rel_diff"] as? Double) > 0)
    }

    /// A float16 holds up to 65,504.
    @Test func fusionThatOverflowsIsRefused() {
        let weight = Self.flat("60000", "float16", shape: "[1, 1, 1]")
        let bn = #"{"weight": [2], "running_mean": [0], "running_var": [1]}"#
        let reply = Client().post("fuse/conv_bn", #"{"weight": \#(weight), "bn": \#(bn)}"#)
        #expect(reply.status == 422)
        #expect(reply.detail.contains("which is not finite in float16"), "\(reply.text)")
    }
}
