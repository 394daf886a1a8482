// SPDX-License-Identifier: Apache-2.0

import ConvolutionService
import Foundation
import HTTPTransport
import Testing

/// Paths, methods, media types and the endpoints that compute nothing.
@Suite struct EndpointTests {
    let client = Client()

    @Test func capabilities() throws {
        let json = try #require(client.get("/v1").json)
        #expect(json["name"] as? String == "convserve")
        #expect(json["version"] as? String == ConvolutionService.version)
        let posts = ConvolutionService.routes.filter { $0.method == .post }.map(\.path)
            .filter { $0.hasPrefix("/v1/") }
        #expect((json["operations"] as? [String])?.map { "/v1/" + $0 } == posts)
        #expect(
            json["encodings"] as? [String] == [
                "application/json", "application/vnd.safetensors", "application/x-npz",
                "application/x-npy", "application/octet-stream",
            ])
        #expect(json["formats"] as? [String] == ["nested", "flat", "base64"])
        #expect(json["dtypes"] as? [String] == ["float32", "float64", "float16", "bfloat16"])
        #expect((json["limits"] as? [String: Int])?["max_output_bytes"] == 1 << 30)
    }

    @Test func healthAndReadiness() {
        #expect(client.get("/healthz").text == "{\"status\":\"ok\"}\n")
        #expect(client.get("/readyz").text == "{\"status\":\"ready\"}\n")
        client.status.beginDraining()
        #expect(client.get("/healthz").status == 200)
        let reply = client.get("/readyz")
        #expect(reply.status == 503)
        #expect(reply.isProblem)
        #expect(reply.response.header("Retry-After") == "1")
    }

    @Test func index() {
        let reply = client.get(
            "/", headers: [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")])
        #expect(reply.status == 200)
        #expect(reply.response.header("Content-Type") == "text/html; charset=utf-8")
    }

    @Test func unknownPath() {
        let reply = client.post("conv4d", "{}")
        #expect(reply.status == 404)
        #expect(reply.isProblem)
        #expect(reply.detail == "there is no \"/v1/conv4d\"; did you mean /v1/conv1d?")
        #expect(
            client.get("/nothing/at/all").detail
                == "there is no \"/nothing/at/all\"; GET /v1 lists the operations")
    }

    @Test func wrongMethod() {
        let reply = client.get("/v1/conv2d")
        #expect(reply.status == 405)
        #expect(reply.isProblem)
        #expect(reply.response.header("Allow") == "POST, OPTIONS")
        #expect(reply.detail == "GET is not for \"/v1/conv2d\", which takes POST, OPTIONS")
        #expect(
            client.send(HTTPRequest(.delete, "/healthz")).response.header("Allow")
                == "GET, HEAD, OPTIONS")
    }

    @Test func optionsAndHead() {
        let options = client.send(HTTPRequest(.options, "/v1/conv2d"))
        #expect(options.status == 204)
        #expect(options.response.header("Allow") == "POST, OPTIONS")
        #expect(client.send(HTTPRequest(.head, "/healthz")).status == 200)
    }

    static let body = #"{"input": [1, 2], "weight": [1]}"#

    @Test(arguments: [
        ("application/json", 200), ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=\"UTF-8\"", 200), ("application/json; charset=latin1", 415),
        ("application/x-www-form-urlencoded", 200), ("text/plain", 415), ("", 415),
        ("application/x-npz", 400), ("application/jsonx", 415),
    ])
    func contentType(_ type: String, _ status: Int) {
        let reply = client.post("conv1d", Self.body, headers: [("Content-Type", type)])
        #expect(reply.status == status)
        #expect(status == 200 || reply.isProblem)
    }

    @Test func contentTypeCures() {
        let text = client.post("conv1d", Self.body, headers: [("Content-Type", "text/plain")])
        #expect(
            text.detail == "Content-Type \"text/plain\" is not read here; send application/json, "
                + "application/vnd.safetensors, application/x-npz, application/x-npy, "
                + "application/octet-stream")
        let coded = client.post("conv1d", Self.body, headers: [("Content-Encoding", "br")])
        #expect(coded.status == 415)
        #expect(
            coded.detail == "Content-Encoding \"br\" is not read; send gzip, deflate, zstd, or the "
                + "body as it is")
    }

    @Test(arguments: [
        ("*/*", 200), ("application/json", 200), ("application/*", 200),
        ("text/html, */*;q=0.1", 200),
        ("APPLICATION/JSON", 200), ("application/json;q=0.5", 200), ("text/html", 406),
        ("application/json;q=0", 406), ("application/json;q=0, */*", 200), ("*/*;q=0", 406),
        ("application/x-npz", 200), ("application/problem+json", 406),
    ])
    func accept(_ accept: String, _ status: Int) {
        let reply = client.post("conv1d", Self.body, headers: [("Accept", accept)])
        #expect(reply.status == status)
        #expect(status == 200 || reply.isProblem)
    }

    /// What admission refuses without the body, the handler refuses alike.
    @Test func admission() {
        let admit = client.service.admission
        let json = [(name: "Content-Type", value: "application/json")]
        #expect(admit(HTTPRequest(.post, "/v1/conv2d", headers: json))?.status == nil)
        #expect(admit(HTTPRequest(.get, "/healthz"))?.status == nil)
        #expect(admit(HTTPRequest(.post, "/v1/conv9d"))?.status == 404)
        #expect(admit(HTTPRequest(.get, "/v1/conv2d"))?.status == 405)
        #expect(
            admit(HTTPRequest(.post, "/v1/conv2d", headers: [("Content-Type", "text/csv")]))?.status
                == 415)
        #expect(
            admit(HTTPRequest(.post, "/v1/conv2d", headers: [("Accept", "text/csv")]))?.status
                == 406)
    }

    @Test func transportRefusals() {
        let refusal = HTTPRefusal(
            .tooManyWaiting, detail: "256 requests wait already", retryAfterSeconds: 2)
        let reply = Reply(client.service.refusal(refusal, HTTPRequest(.post, "/v1/conv2d")))
        #expect(reply.status == 503)
        #expect(reply.isProblem)
        #expect(reply.detail == "256 requests wait already")
        #expect(reply.response.header("Retry-After") == "2")
    }

    @Test func openAPI() throws {
        let yaml = client.get("/openapi.yaml")
        #expect(yaml.response.header("Content-Type") == "application/yaml")
        #expect(yaml.text.hasPrefix("# SPDX-License-Identifier"))
        let json = try #require(client.get("/openapi.json").json)
        #expect(json["openapi"] as? String == "3.1.0")
        #expect((json["paths"] as? [String: Any])?["/v1/conv2d"] != nil)
    }

    @Test func serverTiming() throws {
        for reply in [
            client.post("conv1d", Self.body), client.post("conv1d", "{"), client.get("/v1"),
        ] {
            let header = try #require(reply.response.header("Server-Timing"))
            let pattern =
                /parse;dur=\d+\.\d{3}, queue;dur=\d+\.\d{3}, compute;dur=\d+\.\d{3}, serialize;dur=\d+\.\d{3}/
            #expect(header.wholeMatch(of: pattern) != nil, "\(header)")
        }
    }
}
