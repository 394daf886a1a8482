// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Testing

/// Requests from values, as the service's tests make them, and the values around them.
@Suite struct RequestTests {
    @Test func fromValues() {
        let request = HTTPRequest(
            .post, "/v1/a%20b?x=1%262&y",
            headers: [("Content-Type", "text/plain"), ("X-Request-Id", "me")], body: [1, 2, 3])
        #expect(request.method == .post && request.path == "/v1/a b" && request.id == "me")
        #expect(request.header("content-type") == "text/plain" && request.header("accept") == nil)
        #expect(
            request.queryItem("x") == "1&2" && request.queryItem("y") == ""
                && request.queryItem("z") == nil)
        #expect(Array(request.body) == [1, 2, 3] && !request.isCancelled)
        #expect(
            (0..<64).allSatisfy {
                request.body.baseAddress!.load(fromByteOffset: 3 + $0, as: UInt8.self) == 0
            })
        #expect(request.withHeader("CONTENT-TYPE") { $0.map { $0[0] } } == 116)
    }

    @Test func emptyBodyHasItsZerosToo() {
        let request = HTTPRequest(.get, "/")
        #expect(request.body.isEmpty && request.body.baseAddress!.load(as: UInt8.self) == 0)
    }

    @Test func outcomes() {
        #expect(HTTPOutcome.reply(HTTPResponse(status: 204)).resolved().status == 204)
        #expect(HTTPOutcome.compute { HTTPResponse(status: 201) }.resolved().status == 201)
    }

    @Test func buffersGrow() {
        let buffer = ByteBuffer(capacity: 1)
        buffer.append("abc" as StaticString)
        buffer.append("dé" as String)
        for _ in 0..<1000 { buffer.append("0123456789" as StaticString) }
        #expect(
            buffer.count == 10_006
                && HTTPBody(buffer).collected.prefix(6).elementsEqual("abcdé".utf8))
    }

    @Test func adoptedMemoryIsReleased() async {
        await confirmation { released in
            let memory = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
            _ = ByteBuffer(adopting: memory, count: 8, capacity: 8) {
                $0.deallocate(); released()
            }
        }
    }

    @Test func everyRefusalHasItsStatus() {
        for reason in HTTPRefusal.Reason.allCases {
            let refusal = HTTPRefusal(reason, detail: "why")
            #expect(
                (400...599).contains(refusal.status)
                    && refusal.plainResponse.body.collected == Array("why\n".utf8))
        }
    }
}
