// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import TensorFiles
import TestSupport
import Testing

/// Requests whose tensors come beside their parameters.
@Suite struct BinaryEncodingTests {
    let client = Client()
    static let json = [(name: "Accept", value: "application/json")]

    @Test(arguments: [
        ("", [-4, -4]), ("?stride=2", [-4]), ("?stride=[2,1]", [-4, -4]), ("?stride=2,2", [-4]),
        ("?strides=2", [-4]), ("?padding=same_upper", [-4, -4, 3, 4, 5, 6]),
        ("?flip_kernel=True", [4, 4]), ("?flip_kernel=false&stride=", [-4, -4]),
        ("?padding=[[0,0],[0,1]]&stride=1", [-4, -4, 3]), ("?bias=[10]", [6, 6]),
        ("?algorithm=im2col", [-4, -4]), ("?activation=relu&explain=True", [0, 0]),
    ])
    func query(_ query: String, _ output: [Double]) {
        for body in [
            BinaryBodies.safetensors(BinaryBodies.pair), BinaryBodies.npz(BinaryBodies.pair),
        ] {
            let reply = client.post(path: "/v1/conv2d\(query)", body, Self.json)
            #expect(reply.status == 200 && reply.output == output, "\(reply.text)")
        }
    }

    /// What stands in the metadata is what stands in the query, but for the mark of the file's writer.
    @Test func metadata() {
        let body = BinaryBodies.safetensors(
            BinaryBodies.pair, metadata: [("stride", "2"), ("format", "pt"), ("bias", "[1]")])
        #expect(client.post(path: "/v1/conv2d", body, Self.json).output == [-3])
        let twice = client.post(path: "/v1/conv2d?stride=1", body, Self.json)
        #expect(twice.status == 422 && twice.pointer == "/stride")
        #expect(twice.detail.contains("given twice"), "\(twice.text)")
    }

    @Test func replies() throws {
        let body = BinaryBodies.safetensors(BinaryBodies.pair)
        let safetensors = client.post(path: "/v1/conv2d", body).response
        #expect(safetensors.header("Content-Type") == "application/vnd.safetensors")
        try safetensors.body.collected.withUnsafeBytes { file throws in
            let read = try Safetensors.read(file)
            #expect(read.tensors.map(\.name) == ["output"])
            #expect(read.metadata.map(\.name) == ["algorithm"])
            #expect(read.tensors[0].tensor(of: file).elements(of: Float.self) == [-4, -4])
        }
        let npy = client.post(path: "/v1/conv2d", body, [("Accept", "application/x-npy")]).response
        #expect(npy.header("Convserve-Algorithm") == "direct")
        let bytes = client.post(
            path: "/v1/conv2d?explain=true", body, [("Accept", "application/octet-stream")]
        ).response
        #expect(bytes.header("Convserve-Shape") == "[1,1,1,2]")
        #expect(bytes.header("Convserve-Dtype") == "float32")
        #expect(bytes.header("Convserve-Explain")?.hasPrefix("{\"output_shape\"") == true)
        #expect(bytes.body.collected == [0, 0, 0x80, 0xC0, 0, 0, 0x80, 0xC0])
        #expect(npy.body.collected.suffix(8) == bytes.body.collected[...])
    }

    /// Three fields of one object, in any order, and the list of a block's branches.
    @Test func names() {
        let one = Tensor(shape: [1], [1] as [Float])
        let weight = Tensor(shape: [1, 1, 1, 1], [3] as [Float])
        let fused = client.post(
            path: "/v1/fuse/conv_bn?bn.eps=0",
            BinaryBodies.safetensors([
                ("bn.running_var", one), ("weight", weight), ("bn.running_mean", one),
            ]), Self.json)
        #expect(flattened(fused.json?["weight"]) == [3], "\(fused.text)")
        #expect(flattened(fused.json?["bias"]) == [-1], "\(fused.text)")
        let block = BinaryBodies.safetensors([
            ("branches.1.weight", weight), ("branches.0.weight", weight),
        ])
        let kinds = "branches.1.kind=conv&branches.0.kind=conv"
        let sum = client.post(path: "/v1/fuse/repvgg?\(kinds)", block, Self.json)
        #expect(flattened(sum.json?["weight"]) == [6], "\(sum.text)")
        let missing = client.post(path: "/v1/fuse/repvgg?branches.0.kind=conv", block, Self.json)
        #expect(missing.pointer == "/branches/1/kind", "\(missing.text)")
        let gap = client.post(path: "/v1/fuse/repvgg?branches.3.kind=conv", block, Self.json)
        #expect(gap.status == 422 && gap.pointer == "/branches", "\(gap.text)")
        let both = client.post(path: "/v1/fuse/conv_bn?bn=1&bn.eps=1", block, Self.json)
        #expect(both.status == 422, "\(both.text)")
        let deep = client.post(path: "/v1/conv2d?a.b.c.d.e.f.g.h.i=1", block, Self.json)
        #expect(deep.detail.contains("9 parts"), "\(deep.text)")
    }

    /// A file that says it is a tensor where a parameter belongs, and the other way round.
    @Test func kinds() {
        let stride = client.post(
            path: "/v1/conv2d",
            BinaryBodies.safetensors(BinaryBodies.pair + [("stride", BinaryBodies.pair[0].tensor)]))
        #expect(stride.pointer == "/stride" && stride.detail.contains("not a tensor"))
        let weight = client.post(
            path: "/v1/conv2d?weight=3", BinaryBodies.npy(BinaryBodies.pair[0].tensor))
        #expect(weight.pointer == "/weight", "\(weight.text)")
        #expect(weight.detail.contains("a tensor is expected, not a number"), "\(weight.text)")
    }

    /// No byte of a query or of a name can make a reference.
    @Test func references() {
        let body = BinaryBodies.safetensors(BinaryBodies.pair)
        for query in ["bias=%010", "bias=[%010]", "%010=1", "add=%010"] {
            let reply = client.post(path: "/v1/conv2d?\(query)", body, Self.json)
            #expect(reply.status == 422, "\(query): \(reply.text)")
        }
        let text = client.post(path: "/v1/conv2d", Array("{\"input\": \u{1}0}".utf8))
        #expect(text.status == 400, "\(text.text)")
    }

    /// Seeded damage to files and to inference requests: an answer to each, and never a 500.
    @Test(arguments: ["safetensors", "npz", "npy", "inference"])
    func mutated(_ kind: String) {
        let (inference, headerByteCount) = BinaryBodies.inference(
            BinaryBodies.pair, parameters: #"{"stride":[1,1],"binary_data_output":true}"#)
        let bodies = [
            "safetensors": BinaryBodies.safetensors(
                BinaryBodies.pair, metadata: [("padding", "[1,1]")]),
            "npz": BinaryBodies.npz(BinaryBodies.pair),
            "npy": BinaryBodies.npy(BinaryBodies.pair[0].tensor), "inference": inference,
        ]
        let path =
            kind == "inference"
            ? "/v2/models/conv2d/infer" : "/v1/conv2d" + (kind == "npy" ? "?weight=[[[[1]]]]" : "")
        var generator = SeededGenerator(seed: 20_261_126)
        let alphabet = Array("{}[]\",:.-0123456789FIU64'\0\u{7F}".utf8) + [0x80, 0xFF]
        for _ in 0..<5000 {
            var bytes = bodies[kind]!
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                GrammarTests.mutate(&bytes, alphabet, &generator)
            }
            let length = headerByteCount + bytes.count - inference.count
            let reply = client.post(
                path: path, bytes,
                kind == "inference" ? [("Inference-Header-Content-Length", "\(length)")] : [])
            #expect(
                [200, 400, 413, 415, 422].contains(reply.status),
                "\(kind) \(bytes): \(reply.status) \(reply.detail)")
        }
    }
}
