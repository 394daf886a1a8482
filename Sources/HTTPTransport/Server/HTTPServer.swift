// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import Logging
import Synchronization

/// An HTTP/1.1 server: whole requests in, whole replies out.
///
///     let server = HTTPServer(limits: limits, logger: logger) { request in
///         .reply(HTTPResponse(status: 200, contentType: "text/plain", text: "hello"))
///     }
///     try await server.run()  // or in a ServiceGroup, which brings the signals
public final class HTTPServer: Sendable {
    /// The limits it was made with.
    public let limits: ServerLimits
    /// How it fares.
    public let status: ServerStatus

    let flow: RequestFlow
    let state = Mutex(State())
    /// Deadlines and the end: one after the other.
    let control = DispatchQueue(label: "convserve.control", qos: .userInitiated)

    struct State: Sendable {
        var daemon: Daemon?
        var port: UInt16?
        var isOver = false
    }

    /// A server that does not listen yet.
    ///
    /// - Parameters:
    ///   - admission: Judges a request before its large body is read: unknown paths, missing keys.
    ///   - refusal: Gives the transport's refusals the service's form; plain text without it.
    public init(
        limits: ServerLimits = ServerLimits(), logger: Logger = Logger(label: "convserve.http"),
        status: ServerStatus = ServerStatus(),
        admission: HTTPAdmission? = nil,
        refusal: @escaping HTTPRefusalRenderer = { refusal, _ in refusal.plainResponse },
        handler: @escaping HTTPHandler
    ) {
        (self.limits, self.status) = (limits, status)
        let hooks = ServerHooks(
            logger: logger, admission: admission, refusal: refusal, handler: handler)
        flow = RequestFlow(hooks, limits, status)
    }

    /// Whether the server is on its way out: readiness is over.
    public var isDraining: Bool { status.isDraining }

    /// The port it listens on, or did; `nil` before the start.
    public var port: UInt16? { state.withLock { $0.port } }

    /// Listens and serves, on threads of its own. Does nothing if it does so already.
    public func start() throws(ServerError) {
        try limits.validate()
        let starts = try state.withLock { state throws(ServerError) in
            guard state.daemon == nil, !state.isOver else { return false }
            let daemon = try Daemon(limits, flow)
            (state.daemon, state.port) = (daemon, daemon.port)
            return true
        }
        if starts { superviseLater() }
    }

    /// Enforces the deadlines four times a second, until there is no daemon any more.
    private func superviseLater() {
        control.asyncAfter(deadline: .now() + .milliseconds(250)) { [weak self] in
            guard let self, let daemon = state.withLock({ $0.daemon }) else { return }
            status.setOpenConnections(daemon.sweep(.serving) - 1)
            superviseLater()
        }
    }
}
