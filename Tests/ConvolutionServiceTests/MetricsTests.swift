// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Testing

/// `/metrics` in Prometheus' text format 0.0.4.
@Suite struct MetricsTests {
    let client = Client()

    func lines() -> [Substring] { client.get("/metrics").text.split(separator: "\n") }

    @Test func counts() {
        for _ in 0..<3 { _ = client.post("conv1d", #"{"input": [1], "weight": [1]}"#) }
        _ = client.post("conv1d", "{")
        _ = client.post("nothing", "{}")
        let lines = lines()
        #expect(lines.contains(#"convserve_requests_total{operation="conv1d",status="200"} 3"#))
        #expect(lines.contains(#"convserve_requests_total{operation="conv1d",status="400"} 1"#))
        #expect(lines.contains(#"convserve_requests_total{operation="none",status="404"} 1"#))
        #expect(lines.contains("convserve_request_bytes_total 90"))
        #expect(
            lines.contains(
                #"convserve_request_duration_seconds_bucket{operation="conv1d",status="200",le="+Inf"} 3"#
            ))
        #expect(
            lines.contains(
                #"convserve_request_duration_seconds_count{operation="conv1d",status="200"} 3"#))
        #expect(lines.contains("convserve_requests_in_flight 0"))
        #expect(lines.contains("convserve_requests_waiting 0"))
    }

    @Test func transportRefusalsCount() {
        let refusal = HTTPRefusal(.bodyTooLarge, detail: "too large")
        _ = client.service.refusal(refusal, HTTPRequest(.post, "/v1/conv2d"))
        #expect(lines().contains(#"convserve_requests_total{operation="refused",status="413"} 1"#))
    }

    /// Every line is a comment or a sample; each family has HELP and TYPE once, in front of its
    /// samples, and no sample stands twice.
    @Test func format() {
        _ = client.post("conv1d", #"{"input": [1], "weight": [1]}"#)
        _ = client.post("conv2d", #"{"input": [1], "weight": [1]}"#)
        _ = client.get("/healthz")
        let reply = client.get("/metrics")
        #expect(reply.response.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(reply.text.hasSuffix("\n"))
        let sample = /([a-z_]+)(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? [-+0-9.e]+/
        let type = /# TYPE ([a-z_]+) (counter|gauge|histogram)/
        var family = ""
        var seen: Set<Substring> = []
        var types: Set<Substring> = []
        for line in reply.text.split(separator: "\n") where !line.hasPrefix("# HELP ") {
            if let match = line.wholeMatch(of: type) {
                family = String(match.1)
                #expect(types.insert(match.1).inserted, "\(line)")
            } else if let match = line.wholeMatch(of: sample) {
                #expect(match.1.hasPrefix(family), "\(line)")
                #expect(seen.insert(line.prefix { $0 != " " }).inserted, "\(line)")
            } else {
                Issue.record("\(line)")
            }
        }
        #expect(types.contains("convserve_request_duration_seconds"))
    }

    @Test func bucketsAccumulate() {
        for _ in 0..<50 { _ = client.post("conv1d", #"{"input": [1], "weight": [1]}"#) }
        let counts = lines().filter { $0.contains("_bucket{operation=\"conv1d\"") }
            .compactMap { Int($0.split(separator: " ").last ?? "") }
        #expect(counts.count == 19)
        #expect(counts == counts.sorted())
        #expect(counts.last == 50)
    }
}
