// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import Testing

/// `fuse/conv_bn` and `fuse/repvgg` over the wire; the arithmetic has tests of its own.
@Suite struct FusionTests {
    static let bn =
        #"{"weight": [4], "bias": [0.5], "running_mean": [3], "running_var": [3], "eps": 1}"#

    @Test func convBN() {
        let reply = Client().post(
            "fuse/conv_bn", #"{"weight": [[[1, 2]]], "bias": [1], "bn": \#(Self.bn)}"#)
        #expect(reply.status == 200)
        #expect(reply.text == "{\"weight\":[[[2.0,4.0]]],\"bias\":[-3.5]}\n")
    }

    /// Lists of a batch norm go with float64 weights, and any spelling goes with any.
    @Test func batchNormInEverySpelling() {
        let weight = #"{"shape": [1, 1, 2], "dtype": "float64", "data": [1, 2]}"#
        let spelled =
            #"{"weight": {"shape": [1], "data": [4]}, "bias": [0.5], "running_mean": {"shape": [1], "dtype": "float64", "data": [3]}, "running_var": {"shape": [1], "base64": "AABAQA=="}, "eps": 1.0}"#
        for bn in [Self.bn, spelled] {
            let reply = Client().post("fuse/conv_bn", #"{"bn": \#(bn), "weight": \#(weight)}"#)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(flattened(reply.json?["weight"]) == [2, 4])
            #expect(flattened(reply.json?["bias"]) == [-5.5])
        }
    }

    @Test func transposedGroups() {
        let reply = Client().post(
            "fuse/conv_bn",
            """
            {"weight": [[[1]], [[1]]], "groups": 2, "transposed": true,
             "bn": {"running_mean": [0, 0], "running_var": [1, 4], "eps": 0}}
            """)
        #expect(flattened(reply.json?["weight"]) == [1, 0.5])
        #expect(flattened(reply.json?["bias"]) == [0, 0])
    }

    static let block = """
        "branches": [
            {"kind": "conv", "weight": [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]], "bias": [1]},
            {"weight": [[[[10]]]], "bias": [2], "kind": "conv", "bn": null},
            {"kind": "identity"}, {"kind": "avg_pool", "kernel_size": 3}]
        """

    @Test func repVGG() {
        let reply = Client().post("fuse/repvgg", "{\(Self.block)}")
        #expect(reply.status == 200, "\(reply.text)")
        let expected = [1, 2, 3, 4, 16, 6, 7, 8, 9].map { $0 + 1.0 / 9 }
        for (a, b) in zip(flattened(reply.json?["weight"]), expected) { #expect(abs(a - b) < 1e-5) }
        #expect(flattened(reply.json?["bias"]) == [3])
        #expect(reply.json?["verify"] == nil)
    }

    @Test(arguments: [
        #""verify": true"#, #""verify": true, "input_size": 5"#,
        #""verify": true, "input_size": [4, 6]"#,
        #""verify": true, "input": [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]"#,
        #""verify": true, "input_size": [2, 2], "stride": 1, "groups": 1"#,
    ])
    func verified(_ more: String) throws {
        let reply = Client().post("fuse/repvgg", "{\(Self.block), \(more)}")
        #expect(reply.status == 200, "\(reply.text)")
        let verify = try #require(reply.json?["verify"] as? [String: Any])
        #expect(verify["all_close"] as? Bool == true)
        for name in ["max_abs_diff", "max_rel_diff", "unfused_ms", "fused_ms"] {
            #expect(verify[name] is Double, "\(name)")
        }
    }

    /// The reply is spelled as the input, else as the first weight.
    @Test func spelling() {
        let flat = #"{"shape": [1, 1, 1], "data": [2]}"#
        let bn = #"{"running_mean": [0], "running_var": [1], "eps": 0}"#
        let reply = Client().post("fuse/conv_bn", #"{"weight": \#(flat), "bn": \#(bn)}"#)
        #expect(
            reply.text
                == #"{"weight":{"shape":[1,1,1],"dtype":"float32","data":[2.0]},"bias":{"shape":[1],"dtype":"float32","data":[0.0]}}"#
                + "\n")
        let nested = Client().post(
            "fuse/conv_bn", #"{"weight": \#(flat), "bn": \#(bn), "input": [[[1, 2]]]}"#)
        #expect(nested.text == "{\"weight\":[[[2.0]]],\"bias\":[0.0]}\n")
    }

    /// A verification whose output is larger than the limit is refused, not tried.
    @Test func verificationIsLimited() {
        var limits = ServiceLimits()
        limits.maxOutputBytes = 100_000
        let reply = Client(limits: limits).post(
            "fuse/repvgg", "{\(Self.block), \"verify\": true, \"input_size\": [1000, 1000]}")
        #expect(reply.status == 422)
        #expect(reply.detail.contains("--max-output-bytes"))
    }
}
