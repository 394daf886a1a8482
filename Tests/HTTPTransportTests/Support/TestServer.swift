// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import HTTPTransport
import Synchronization

/// A server with a few endpoints that show what the transport does.
final class TestServer: Sendable {
    let server: HTTPServer
    let gate = Gate()
    /// How many requests `/gate` and `/nap` began to compute.
    let computed = Counter()

    /// The server that most tests share; it lives as long as the process.
    static let shared = try! TestServer { $0.maxBodyBytes = 1 << 20 }

    init(_ change: (inout ServerLimits) -> Void = { _ in }) throws {
        var limits = ServerLimits()
        limits.port = 0
        change(&limits)
        let handlers = Handlers()
        server = HTTPServer(
            limits: limits,
            admission: {
                $0.header("X-Refuse").map {
                    HTTPResponse(status: 401, contentType: "text/plain", text: $0)
                }
            },
            refusal: { refusal, request in
                var response = HTTPResponse(
                    status: refusal.status, contentType: "application/problem+json",
                    text:
                        #"{"reason":"\#(refusal.reason.rawValue)","detail":"\#(refusal.detail)","id":"\#(request.id)"}"#
                )
                if let seconds = refusal.retryAfterSeconds {
                    response.headers.append(("Retry-After", "\(seconds)"))
                }
                return response
            }, handler: { handlers.answer($0) })
        handlers.server = self
        try server.start()
    }

    var port: UInt16 { server.port! }
    func client() throws -> RawClient { try RawClient(port: port) }

    /// The endpoints. They know the server only once it is made.
    private final class Handlers: @unchecked Sendable {
        weak var server: TestServer?
        let router = Router<String>([
            (.post, "/echo", "echo"), (.post, "/compute", "compute"), (.get, "/hello", "hello"),
            (.post, "/gate", "gate"),
            (.post, "/nap", "nap"), (.get, "/items/{name}", "item"), (.get, "/parts", "parts"),
            (.get, "/break", "break"), (.get, "/thread", "thread"),
        ])

        func answer(_ request: HTTPRequest) -> HTTPOutcome {
            switch router.match(request) {
            case .found(let name, let parameters): outcome(name, parameters, request)
            case .options(let allow): .reply(.options(allow: allow))
            case .methodNotAllowed(let allow):
                .reply(HTTPResponse(status: 405, headers: [("Allow", allow)]))
            case .notFound: .reply(text(404, "no \(request.path)"))
            }
        }

        private func outcome(_ name: String, _ parameters: RouteParameters, _ request: HTTPRequest)
            -> HTTPOutcome
        {
            switch name {
            case "compute": .compute { self.echo(request) }
            case "gate": .compute { self.waited(request) { $0.gate.wait() } }
            case "nap": .compute { self.waited(request) { _ in usleep(2_000) } }
            case "hello": .reply(text(200, "hello \(request.queryItem("name") ?? "you")"))
            case "thread": .reply(text(200, "\(pthread_self())"))
            case "item": .reply(text(200, parameters["name"]!))
            case "parts":
                .reply(
                    HTTPResponse(
                        status: 200, body: .parts(["one ", "", "two ", "three"].map(buffer))))
            case "break":
                .reply(HTTPResponse(status: 200, headers: [("X-A", "1\r\nX-B: 2"), ("X-C", "3")]))
            default: .reply(echo(request))
            }
        }

        private func echo(_ request: HTTPRequest) -> HTTPResponse {
            let body = request.body
            let slackIsZero = (0..<64).allSatisfy {
                body.baseAddress!.load(fromByteOffset: body.count + $0, as: UInt8.self) == 0
            }
            let copy = ByteBuffer(capacity: body.count)
            copy.append(body)
            let headers = [
                ("X-Length", "\(body.count)"), ("X-Slack", "\(slackIsZero)"),
                ("X-Query", request.queryItem("q") ?? "-"),
                ("X-Queued", "\(request.queuedMilliseconds > 0)"),
                ("X-Type", request.header("content-TYPE") ?? "-"),
                (
                    "X-Noted",
                    HeaderField.allCases.map { request.header($0) ?? "-" }.joined(separator: " ")
                ),
            ]
            return HTTPResponse(status: 200, headers: headers, body: HTTPBody(copy))
        }

        private func waited(_ request: HTTPRequest, _ wait: (TestServer) -> Void) -> HTTPResponse {
            guard let server else { return text(500, "gone") }
            server.computed.count()
            wait(server)
            return echo(request)
        }

        private func text(_ status: Int, _ text: String) -> HTTPResponse {
            HTTPResponse(status: status, contentType: "text/plain", text: text)
        }

        private func buffer(_ text: String) -> ByteBuffer {
            let buffer = ByteBuffer(capacity: 8)
            buffer.append(text)
            return buffer
        }
    }
}

/// Keeps whoever waits until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
    func open() { semaphore.signal() }
}

/// Whether something comes to be true within some seconds.
func eventually(_ seconds: Double = 10, _ condition: () -> Bool) -> Bool {
    let start = Timestamp.now
    while !condition() {
        if Timestamp.now.milliseconds(since: start) > seconds * 1000 { return false }
        usleep(2_000)
    }
    return true
}

/// The same for what other tasks do, which may need this thread.
func soon(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<5_000 where !condition() { try? await Task.sleep(for: .milliseconds(2)) }
    return condition()
}

/// Counts from any thread.
final class Counter: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .relaxed) }
    func count() { number.add(1, ordering: .relaxed) }
}
