// SPDX-License-Identifier: Apache-2.0

import Testing

/// `<operation>/backward` in small, by hand; EndToEnd holds it against PyTorch.
@Suite struct BackwardTests {
    static let body = #""input": [1, 2, 3], "weight": [1, 10]"#

    @Test(arguments: [
        ("", #"{"grad_input":[1.0,11.0,10.0],"grad_weight":[3.0,5.0],"grad_bias":[2.0]}"#),
        (#", "needs": ["weight"]"#, #"{"grad_weight":[3.0,5.0]}"#),
        (#", "needs": ["bias", "input"]"#, #"{"grad_input":[1.0,11.0,10.0],"grad_bias":[2.0]}"#),
        (#", "add": [-30, 0], "activation": "relu", "needs": ["add"]"#, #"{"grad_add":[0.0,1.0]}"#),
    ])
    func replies(_ fields: String, _ text: String) {
        let reply = Client().post(
            "conv1d/backward", "{\(Self.body), \"grad_output\": [1, 1]\(fields)}")
        #expect(reply.status == 200)
        #expect(reply.text == text + "\n")
    }

    @Test(arguments: [
        ("", "/grad_output", #""grad_output" is required"#),
        (#", "grad_output": [1]"#, "/grad_output", "grad_output has shape [1], but the output"),
        (#", "grad_output": [1, 1], "needs": []"#, "/needs", "[] asks for no gradient"),
        (#", "grad_output": [1, 1], "needs": ["output"]"#, "/needs/0", "unknown gradient"),
        (#", "grad_output": [1, 1], "explain": true"#, "/explain", "unknown field"),
        (#", "grad_output": [1, 1], "strides": 0"#, "/strides", "stride is 0"),
        (
            #", "grad_output": {"shape": [2], "dtype": "float64", "data": [1, 1]}"#, "/grad_output",
            "this tensor is float64"
        ),
    ])
    func refused(_ fields: String, _ pointer: String, _ words: String) {
        let reply = Client().post("conv1d/backward", "{\(Self.body)\(fields)}")
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == pointer)
        #expect(reply.detail.contains(words), "\(reply.detail)")
    }

    /// An empty batch has no border to make.
    @Test(arguments: ["reflect", "constant", "circular"])
    func gradientsOfNothing(_ mode: String) {
        let body = """
            {"input": {"shape": [0, 1, 3], "data": []}, "weight": [[[1, 2]]], "padding": 1, \
            "padding_mode": "\(mode)", "flip_kernel": true, "activation": "relu", \
            "grad_output": {"shape": [0, 1, 4], "data": []}, "needs": ["input", "weight", "bias", "add"]}
            """
        let reply = Client().post("conv1d/backward", body)
        #expect(reply.status == 200, "\(reply.text)")
        let zeros = #""grad_weight":{"shape":[1,1,2],"dtype":"float32","data":[0.0,0.0]}"#
        #expect(reply.text.contains(zeros), "\(reply.text)")
    }
}
