// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import HTTPTransport
import Testing

/// The Open Inference Protocol; Triton's own clients are in the end-to-end tests.
@Suite struct OpenInferenceTests {
    let client = Client()

    @Test func binaryOutputsStartAtAMultipleOf64() throws {
        let (body, count) = BinaryBodies.inference(
            BinaryBodies.pair, parameters: #"{"binary_data_output":true,"stride":"1,2"}"#)
        let reply = client.post(
            path: "/v2/models/conv2d/infer", body,
            [("Inference-Header-Content-Length", "\(count)")])
        let length = try #require(
            reply.response.header("Inference-Header-Content-Length").flatMap { Int($0) })
        #expect(length % 64 == 0)
        #expect(Array(reply.response.body.collected[length...]) == [0, 0, 0x80, 0xC0])
        let header = String(decoding: reply.response.body.collected[..<length], as: UTF8.self)
        #expect(
            header.hasPrefix(
                #"{"model_name":"conv2d","model_version":"1","id":"a","parameters":{"algorithm":"direct"},"outputs":[{"name":"output","shape":[1,1,1,1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}"#
            ), "\(header)")
    }

    /// What a request may say of schedulers means nothing here; what it says twice or wrongly does.
    @Test(arguments: [
        (#"{"timeout":5,"priority":{"a":[1,2]},"sequence_id":"x","triton_enable":1}"#, 200, ""),
        (#"{"stride":[1,1],"padding":"same_upper"}"#, 200, ""),
        (#"{"stride":1,"stride":1}"#, 400, "given twice"),
        (#"{"stride":"0"}"#, 400, "at least 1"), (#"{"stride":{"a":1}}"#, 400, "stride"),
        (#"{"stride":nul}"#, 400, "JSON"), (#"{"stride":[1,}"#, 400, "JSON"),
        (#"{"binary_data_output":1}"#, 400, "true or false"), (#"[1]"#, 400, "object"),
        (#"{"format":"flat"}"#, 400, "format"),
    ])
    func parameters(_ parameters: String, _ status: Int, _ word: String) {
        let (body, count) = BinaryBodies.inference(BinaryBodies.pair, parameters: parameters)
        let reply = client.post(
            path: "/v2/models/conv2d/infer", body,
            [("Inference-Header-Content-Length", "\(count)")])
        #expect(reply.status == status, "\(reply.text)")
        #expect(status == 200 || (reply.json?["error"] as? String)?.contains(word) == true)
    }

    /// KServe's client sends the path's model once more.
    @Test(arguments: [("conv2d", 200), ("conv1d", 400)])
    func modelName(_ name: String, _ status: Int) {
        let body =
            #"{"model_name": "\#(name)", "inputs": ["#
            + #"{"name": "input", "shape": [1, 1], "datatype": "FP32", "data": [2]}, "#
            + #"{"name": "weight", "shape": [1, 1], "datatype": "FP32", "data": [3]}]}"#
        let reply = client.post(path: "/v2/models/conv2d/infer", Array(body.utf8))
        #expect(reply.status == status, "\(reply.text)")
        let error = reply.json?["error"] as? String
        #expect(status == 200 || error?.contains(#"the path has "conv2d""#) == true)
    }

    @Test func errorsSpeakTheProtocol() {
        for (path, status) in [
            ("/v2/models/conv9d", 404), ("/v2/models/conv2d/versions/7/ready", 404), ("/v2/x", 404),
        ] {
            let reply = client.get(path)
            #expect(reply.status == status)
            #expect(reply.json?.keys.sorted() == ["error"], "\(reply.text)")
        }
        #expect(client.get("/v20").isProblem)
        let big = HTTPRefusal(.bodyTooLarge, detail: "too large")
        let refused = Reply(client.service.refusal(big, HTTPRequest(.post, "/v2/models/a/infer")))
        #expect(refused.json?["error"] as? String == "too large")
    }

    @Test func drainingIsNotReady() {
        client.status.beginDraining()
        #expect(client.get("/v2/health/live").status == 200)
        for path in ["/v2/health/ready", "/v2/models/conv2d/ready"] {
            let reply = client.get(path)
            #expect(reply.status == 503 && reply.json?["error"] != nil)
        }
    }
}
