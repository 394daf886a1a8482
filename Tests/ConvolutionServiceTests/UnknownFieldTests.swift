// SPDX-License-Identifier: Apache-2.0

import Testing

/// A name that an object does not have is refused in every object there is.
@Suite struct UnknownFieldTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let body: String
        let pointer: String
        let detail: String
        var testDescription: String { "\(operation) \(body)" }
    }

    @Test(arguments: rows)
    func refused(_ row: Row) {
        let reply = Client().post(row.operation, row.body)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == row.pointer)
        #expect(reply.detail.hasPrefix(row.detail), "\(reply.detail)")
    }

    static let rows = [
        Row(
            operation: "conv3d", body: #"{"imput": 1}"#, pointer: "/imput",
            detail: #"imput: unknown field "imput"; did you mean "input"? "#),
        Row(
            operation: "conv_transpose2d", body: #"{"outputpadding": 1}"#,
            pointer: "/outputpadding",
            detail:
                #"outputpadding: unknown field "outputpadding"; did you mean "output_padding"? "#),
        Row(
            operation: "conv1d", body: #"{"weight": {"shapes": [1]}}"#, pointer: "/weight/shapes",
            detail: #"weight/shapes: unknown field "shapes"; did you mean "shape"? "#),
        Row(
            operation: "conv2d", body: #"{"epilogue": "relu"}"#, pointer: "/epilogue",
            detail: #"epilogue: unknown field "epilogue"; the fields here are "#),
        Row(
            operation: "conv2d", body: #"{"dtype": "float64"}"#, pointer: "/dtype",
            detail: #"dtype: unknown field "dtype"; the fields here are "#),
        Row(
            operation: "fuse/conv_bn", body: #"{"bnn": {}}"#, pointer: "/bnn",
            detail: #"bnn: unknown field "bnn"; did you mean "bn"? "#),
        Row(
            operation: "fuse/conv_bn", body: #"{"bn": {"running_meen": [1]}}"#,
            pointer: "/bn/running_meen",
            detail: #"bn/running_meen: unknown field "running_meen"; did you mean "running_mean"? "#
        ),
        Row(
            operation: "fuse/repvgg", body: #"{"branches": [{"kind": "identity", "bin": {}}]}"#,
            pointer: "/branches/0/bin",
            detail: #"branches/0/bin: unknown field "bin"; did you mean "bn"? "#),
        Row(
            operation: "fuse/repvgg",
            body: #"{"branches": [{"kind": "conv", "weight": {"dada": 1}}]}"#,
            pointer: "/branches/0/weight/dada",
            detail: #"branches/0/weight/dada: unknown field "dada"; did you mean "data"? "#),
        Row(
            operation: "fuse/repvgg",
            body: #"{"branches": [{"kind": "identity", "bn": {"epsilon": 1}}]}"#,
            pointer: "/branches/0/bn/epsilon",
            detail: #"branches/0/bn/epsilon: unknown field "epsilon"; did you mean "eps"? "#),
        Row(
            operation: "fuse/repvgg", body: #"{"branches": [{"kind": "convolution"}]}"#,
            pointer: "/branches/0/kind",
            detail: #"branches/0/kind: unknown kind "convolution"; did you mean "conv"? "#),
        Row(
            operation: "shape", body: #"{"operation": "conv2"}"#, pointer: "/operation",
            detail: #"operation: unknown operation "conv2"; did you mean "conv2d"? "#),
        Row(
            operation: "shape", body: #"{"format": "flat"}"#, pointer: "/format",
            detail: #"format: unknown field "format"; the fields here are "#),
    ]

    /// A name of a megabyte is neither compared nor repeated.
    @Test func longNames() {
        let name = String(repeating: "n", count: 1 << 20)
        let reply = Client().post("conv2d", #"{"\#(name)": 1}"#)
        #expect(reply.status == 422)
        #expect(reply.text.utf8.count < 1000)
    }

    @Test func kindsHaveTheirFields() {
        let client = Client()
        let rows = [
            (#"{"kind": "identity", "weight": [[[[1]]]]}"#, "/branches/0/weight"),
            (#"{"bias": [1], "kind": "identity"}"#, "/branches/0/bias"),
            (
                #"{"kind": "conv", "weight": [[[[1]]]], "kernel_size": 3}"#,
                "/branches/0/kernel_size"
            ),
            (#"{"kind": "conv"}"#, "/branches/0/weight"),
            (#"{"kind": "avg_pool"}"#, "/branches/0/kernel_size"),
            (#"{"bn": null}"#, "/branches/0/kind"),
            ("3", "/branches/0"),
        ]
        for (branch, pointer) in rows {
            let reply = client.post("fuse/repvgg", #"{"branches": [\#(branch)]}"#)
            #expect(reply.status == 422, "\(branch)")
            #expect(reply.pointer == pointer, "\(branch)")
        }
    }

    @Test func manyBranches() {
        let list = Array(repeating: #"{"kind": "identity"}"#, count: 100_000).joined(separator: ",")
        let reply = Client().post("fuse/repvgg", #"{"branches": [\#(list)]}"#)
        #expect(reply.status == 422)
        #expect(reply.pointer == "/branches")
    }
}
