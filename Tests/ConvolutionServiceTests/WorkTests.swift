// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import HTTPTransport
import Testing

/// What is answered on the I/O thread, what is computed elsewhere, what is too large to be tried.
@Suite struct WorkTests {
    func isInline(_ body: String, _ operation: String = "conv2d") -> Bool {
        let request = HTTPRequest(.post, "/v1/\(operation)", body: Array(body.utf8))
        switch Client().service.handler(request) {
        case .reply: return true
        case .compute: return false
        }
    }

    @Test func smallWorkIsInline() {
        #expect(isInline(#"{"input": [[1, 2], [3, 4]], "weight": [[1]]}"#))
        #expect(isInline("{"))
        #expect(isInline(#"{"operation": "conv1d", "input": [1], "weight": [1]}"#, "shape"))
    }

    @Test func muchWorkIsNot() {
        #expect(!isInline(#"{"input": [[1]], "weight": [[1]], "padding": 100}"#))
        let row = Array(repeating: "1", count: 40).joined(separator: ",")
        let image = Array(repeating: "[\(row)]", count: 40).joined(separator: ",")
        #expect(!isInline(#"{"input": [\#(image)], "weight": [\#(image)], "padding": 20}"#))
        let pool = #"{"kind": "avg_pool", "kernel_size": 999}"#
        let conv = #"{"kind": "conv", "weight": [[[[1]]]]}"#
        #expect(!isInline(#"{"branches": [\#(conv), \#(pool)]}"#, "fuse/repvgg"))
        #expect(!isInline("{\(FusionTests.block), \"verify\": true}", "fuse/repvgg"))
    }

    /// Nothing is allocated for what a few bytes of padding ask for.
    @Test(arguments: [
        #""padding": 100000"#, #""padding": 100000, "format": "base64""#,
        #""padding": [[0, 1000000000], [0, 0]]"#,
    ])
    func tooLarge(_ more: String) {
        let reply = Client().post("conv2d", #"{"input": [[1]], "weight": [[1]], \#(more)}"#)
        #expect(reply.status == 422)
        #expect(reply.isProblem)
        #expect(reply.detail.contains("--max-output-bytes"), "\(reply.text)")
        #expect(reply.detail.contains("1073741824"))
    }

    @Test func limitIsExact() {
        var limits = ServiceLimits()
        limits.maxOutputBytes = 1000
        let client = Client(limits: limits)
        let body = { (format: String) in
            #"{"input": [[1]], "weight": [[1]], "padding": [[0, 0], [0, 99]], "format": "\#(format)"}"#
        }
        #expect(client.post("conv2d", body("base64")).status == 200)
        #expect(client.post("conv2d", body("nested")).status == 422)
    }

    /// A million empty lists are text, too.
    @Test func emptyListsCount() {
        let reply = Client().post(
            "conv1d",
            #"{"input": {"shape": [1000000000, 0, 1], "data": []}, "weight": {"shape": [1, 0, 1], "data": []}, "format": "nested"}"#
        )
        #expect(reply.status == 422)
    }

    /// A hundred kilobytes may ask for hours.
    @Test func tooMuchWork() {
        let ones = String(repeating: "1,", count: 19_999) + "1"
        let reply = Client().post(
            "conv1d",
            #"{"input": [[[1]]], "weight": [[[\#(ones)]]], "padding": 60000000, "format": "base64"}"#
        )
        #expect(reply.status == 422)
        #expect(reply.detail.contains("--max-multiply-accumulates"), "\(reply.text)")
    }

    /// An empty output is nothing to compute, whatever the sizes that are not 0.
    @Test(arguments: [
        #""input": {"shape": [0, 1, 549755813888], "data": []}"#,
        #""input": {"shape": [0, 1, 3], "data": []}, "stride": 274877906944"#,
    ])
    func emptyBatch(_ fields: String) {
        let reply = Client().post(
            "conv_transpose1d", #"{\#(fields), "weight": {"shape": [1, 1, 1], "data": [1]}}"#)
        #expect(reply.status == 200, "\(reply.text)")
    }

    /// A fused weight is refused before it is made.
    @Test func fusedWeightTooLarge() {
        let reply = Client().post(
            "fuse/repvgg",
            #"{"branches": [{"kind": "conv", "weight": [[[[1]]]]}, {"kind": "avg_pool", "kernel_size": 11585}]}"#
        )
        #expect(reply.status == 422)
        #expect(reply.detail.contains("--max-output-bytes"), "\(reply.text)")
    }

    /// Replies that nobody has read yet are counted; one alone is always let in.
    @Test func repliesInFlight() throws {
        var limits = ServiceLimits()
        limits.maxReplyBytesInFlight = 2000
        let client = Client(limits: limits)
        let body = #"{"input": [[1]], "weight": [[1]], "padding": 9}"#
        let unread = client.post("conv2d", body)
        #expect(unread.status == 200)
        let refused = client.post("conv2d", body)
        #expect(refused.status == 503)
        #expect(refused.response.header("Retry-After") == "1")
        #expect(refused.detail.contains("--max-reply-bytes-in-flight"), "\(refused.text)")
        withExtendedLifetime(unread) {}
    }

    @Test func repliesThatAreSentMakeRoom() {
        var limits = ServiceLimits()
        limits.maxReplyBytesInFlight = 2000
        let client = Client(limits: limits)
        for _ in 0..<3 {
            #expect(
                client.post("conv2d", #"{"input": [[1]], "weight": [[1]], "padding": 9}"#).status
                    == 200)
        }
    }
}
