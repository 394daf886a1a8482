// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import Testing

/// `compare`, and the list of layers of `shape`.
@Suite struct CompareTests {
    static let image = #""input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "weight": [[1, 0], [0, -1]]"#

    @Test(arguments: [
        ("conv2d", "", ["sliding_window", "direct", "im2col", "kernel_matrix", "fft"]),
        ("conv2d", #", "algorithms": ["im2col", "im2col"]"#, ["im2col"]),
        (
            "conv2d", #", "padding": 1, "padding_mode": "reflect""#,
            ["sliding_window", "direct", "im2col"]
        ),
        ("conv_transpose2d", #", "stride": 2"#, ["stride_phases", "col2im", "kernel_matrix"]),
    ])
    func compares(_ operation: String, _ fields: String, _ algorithms: [String]) throws {
        let reply = Client().post(
            "compare", #"{"operation": "\#(operation)", \#(Self.image)\#(fields)}"#)
        #expect(reply.status == 200, "\(reply.text)")
        let rows = try #require(reply.json?["results"] as? [[String: Any]])
        #expect(rows.compactMap { $0["algorithm"] as? String }.starts(with: algorithms))
        for row in rows {
            #expect(try #require(row["time_ms"] as? Double) > 0)
            #expect(try #require(row["gflops"] as? Double) > 0)
            #expect(try #require(row["multiply_accumulates"] as? Int) > 0)
            #expect(try #require(row["scratch_bytes"] as? Int) > 0)
            // Whole numbers are exact, but for those that come back from the frequency domain.
            let most = row["algorithm"] as? String == "fft" ? 1e-5 : 0
            #expect(try #require(row["max_abs_error"] as? Double) <= most)
            #expect(try #require(row["max_rel_error"] as? Double) <= most)
        }
        let fastest = try #require(reply.json?["fastest"] as? String)
        #expect(rows.contains { $0["algorithm"] as? String == fastest })
        #expect(reply.json?["auto"] is String)
    }

    @Test func roundingIsSeen() throws {
        let reply = Client().post(
            "compare", #"{"operation": "conv1d", "input": [0.1, 0.2, 0.3], "weight": [0.7, 0.9]}"#)
        let rows = try #require(reply.json?["results"] as? [[String: Any]])
        for row in rows {
            let error = try #require(row["max_abs_error"] as? Double)
            #expect(error > 0 && error < 1e-7)
        }
    }

    @Test(arguments: [
        (#"{"input": [1], "weight": [1]}"#, "/operation", #""operation" is required"#),
        (#"{"operation": "conv1d", "input": [1], "weight": [1], "explain": true}"#, "/explain", ""),
        (
            #"{"operation": "conv1d", "input": [1], "weight": [1], "algorithms": ["col2im"]}"#,
            "/algorithms", #"algorithm "col2im" is for transposed convolutions only"#
        ),
        (
            #"{"operation": "conv1d", "input": [1], "weight": [1], "algorithms": ["auto"]}"#,
            "/algorithms/0", #""auto" is no algorithm of its own"#
        ),
        (
            #"{"operation": "conv1d", "input": [1], "weight": [1], "algorithms": "im2col"}"#,
            "/algorithms", "a list of algorithms is expected, not a string"
        ),
        (
            #"{"operation": "conv1d", "input": [1], "weight": [1, 2], "strides": 0}"#,
            "/strides", "stride is 0"
        ),
    ])
    func refused(_ body: String, _ pointer: String, _ words: String) {
        let reply = Client().post("compare", body)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.pointer == pointer, "\(reply.text)")
        #expect(words.isEmpty || reply.detail.contains(words), "\(reply.detail)")
    }

    @Test func allRunsKeepToTheLimit() {
        var limits = ServiceLimits()
        limits.maxMultiplyAccumulates = 16 * 7 - 1
        let body = #"{"operation": "conv2d", \#(Self.image)}"#
        let refused = Client(limits: limits).post("compare", body)
        #expect(refused.status == 422)
        #expect(refused.detail.contains("but the limit is 111 for all"), "\(refused.detail)")
    }
}
