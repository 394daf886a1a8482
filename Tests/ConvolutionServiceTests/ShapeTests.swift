// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct ShapeTests {
    @Test func stem() {
        let reply = Client().post(
            "shape",
            #"{"operation": "conv2d", "input": [1, 3, 224, 224], "weight": [64, 3, 7, 7], "stride": 2, "padding": 3}"#
        )
        #expect(reply.status == 200)
        #expect(
            reply.text.hasPrefix(
                #"{"output_shape":[1,64,112,112],"effective_kernel":[7,7],"padding":[[3,3],[3,3]],"multiply_accumulates":118013952,"parameter_count":9408,"bytes_moved":3851008,"algorithm":""#
            ), "\(reply.text)")
    }

    @Test func transposedFloat64WithBias() {
        let reply = Client().post(
            "shape",
            #"{"operation": "conv_transpose1d", "input": [2, 4], "weight": [2, 3, 3], "bias": [3], "stride": [2], "output_padding": 1, "dtype": "float64"}"#
        )
        #expect(reply.json?["output_shape"] as? [Int] == [3, 10])
        #expect(reply.json?["parameter_count"] as? Int == 21)
        #expect(reply.json?["bytes_moved"] as? Int == (8 + 21 + 30) * 8)
    }

    @Test func sameIsResolved() {
        let reply = Client().post(
            "shape",
            #"{"operation": "conv1d", "input": [1, 1, 9], "weight": [1, 1, 4], "padding": "same"}"#)
        #expect(reply.json?["padding"] as? [[Int]] == [[1, 2]])
    }

    @Test(arguments: [
        (#"{"input": [1], "weight": [1]}"#, "/operation"),
        (#"{"operation": "conv1d", "weight": [1]}"#, "/input"),
        (#"{"operation": "conv1d", "input": [1]}"#, "/weight"),
        (#"{"operation": "conv1d", "input": [[1]], "weight": [1]}"#, "/input/0"),
        (#"{"operation": "conv1d", "input": [1, 2, -3], "weight": [1, 1, 1]}"#, "/input/2"),
        (#"{"operation": "conv1d", "input": [1, 2, 3], "weight": [1, 1, 1]}"#, "/weight"),
        (
            #"{"operation": "conv1d", "input": [1, 1, 3], "weight": [1, 1, 1], "dtype": "float8"}"#,
            "/dtype"
        ),
        (#"{"operation": 1, "input": [1, 1, 3], "weight": [1, 1, 1]}"#, "/operation"),
    ])
    func refused(_ body: String, _ pointer: String) {
        let reply = Client().post("shape", body)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == pointer, "\(reply.text)")
    }

    /// ResNet's first layers by hand: field 7, then 11, 19; jump 2, 4, 4; centre 0.5 throughout.
    @Test func layers() throws {
        let reply = Client().post(
            "shape",
            """
            {"input": [1, 3, 224, 224], "layers": [
            {"operation": "conv2d", "weight": [64, 3, 7, 7], "stride": 2, "padding": 3},
            {"operation": "conv2d", "weight": [64, 64, 3, 3], "strides": 2, "padding": 1},
            {"operation": "conv2d", "weight": [128, 64, 3, 3], "padding": "same"}]}
            """)
        #expect(reply.status == 200, "\(reply.text)")
        let layers = try #require(reply.json?["layers"] as? [[String: Any]])
        #expect(
            layers.map { $0["receptive_field"] as? [Double] } == [[7, 7], [11, 11], [19, 19]])
        #expect(layers.map { $0["jump"] as? [Double] } == [[2, 2], [4, 4], [4, 4]])
        #expect(layers.map { $0["start"] as? [Double] } == [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])
        #expect(reply.json?["output_shape"] as? [Int] == [1, 128, 56, 56])
        let work = layers.reduce(0) { $0 + ($1["multiply_accumulates"] as? Int ?? 0) }
        #expect(reply.json?["multiply_accumulates"] as? Int == work)
        #expect(reply.json?["parameter_count"] as? Int == 9408 + 36864 + 73728)
    }

    @Test(arguments: [
        (#"{"input": [1, 1, 9], "layers": []}"#, "/layers"),
        (#"{"input": [1, 1, 9], "layers": 3}"#, "/layers"),
        (#"{"input": [1, 1, 9], "layers": [3]}"#, "/layers/0"),
        (#"{"input": [1, 1, 9], "layers": [{"weight": [1, 1, 1]}]}"#, "/layers/0/operation"),
        (#"{"input": [1, 1, 9], "layers": [{"operation": "conv1d"}]}"#, "/layers/0/weight"),
        (#"{"layers": [{"operation": "conv1d", "weight": [1, 1, 1]}]}"#, "/input"),
        (
            #"{"input": [1, 1, 9], "stride": 1, "layers": [{"operation": "conv1d", "weight": [1, 1, 1]}]}"#,
            "/layers"
        ),
        (
            #"{"input": [1, 1, 9], "layers": [{"operation": "conv1d", "weight": [2, 1, 1]}, {"operation": "conv1d", "weight": [1, 1, 1]}]}"#,
            "/layers/1/weight"
        ),
        (
            #"{"input": [8, 8, 8], "layers": [{"operation": "conv2d", "weight": [8, 8, 1, 1]}, {"operation": "conv1d", "weight": [4, 8, 3]}]}"#,
            "/layers/1/operation"
        ),
        (
            #"{"input": [8, 8, 8], "layers": [{"operation": "conv1d", "weight": [8, 8, 1]}, {"operation": "conv2d", "weight": [4, 8, 3, 3]}]}"#,
            "/layers/1/operation"
        ),
        (
            #"{"input": [1, 1, 9], "layers": [{"operation": "conv1d", "weight": [1, 1, 1], "strides": 0}]}"#,
            "/layers/0/strides"
        ),
        (
            #"{"input": [1, 1, 9], "layers": [{"operation": "conv1d", "weight": [1, 1, 1], "input": [1]}]}"#,
            "/layers/0/input"
        ),
    ])
    func refusedLayers(_ body: String, _ pointer: String) {
        let reply = Client().post("shape", body)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == pointer, "\(reply.text)")
    }

    /// No data is needed, so no size is too large to be told.
    @Test func hugeShapes() {
        let reply = Client().post(
            "shape",
            #"{"operation": "conv2d", "input": [1, 1, 1000000, 1000000], "weight": [1, 1, 1, 1]}"#)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.json?["multiply_accumulates"] as? Int == 1_000_000_000_000)
    }

    /// Told by numbers alone: no plan is made, however many taps or phases it would have.
    @Test(arguments: [
        #""operation": "conv_transpose1d", "input": [1, 1, 2], "weight": [1, 1, 1000000], "stride": 1000000"#,
        #""operation": "conv_transpose3d", "input": [1, 1, 2, 2, 2], "weight": [1, 1, 1, 1, 1], "stride": 2000"#,
        #""operation": "conv2d", "input": [1, 1, 20000, 20000], "weight": [1, 1, 4000, 4000]"#,
    ])
    func hugePlans(_ fields: String) {
        let reply = Client().post("shape", "{\(fields)}")
        #expect(reply.status == 200, "\(reply.text)")
    }

    @Test func tooManyTaps() {
        let reply = Client().post(
            "shape",
            #"{"operation": "conv1d", "input": [1, 1, 2147483648], "weight": [1, 1, 2147483648]}"#)
        #expect(reply.status == 422)
        #expect(reply.pointer == "/weight", "\(reply.text)")
    }
}
