// SPDX-License-Identifier: Apache-2.0

internal import CHTTPD
import Glibc

/// A running libmicrohttpd. Its functions belong to one thread at a time.
final class Daemon: @unchecked Sendable {
    /// How far the end has come.
    enum Stage: Int32 { case serving, draining, ending }

    let port: UInt16
    private let server: OpaquePointer
    private let flow: Unmanaged<RequestFlow>

    init(_ limits: ServerLimits, _ flow: RequestFlow) throws(ServerError) {
        let flow = Unmanaged.passRetained(flow)
        let host = limits.host.trimmingBrackets
        var (port, resolver): (UInt16, Int32) = (0, 0)
        let server = host.withCString { host in
            var options = HTTPDOptions(limits, host: host, context: flow.toOpaque())
            return httpd_start(&options, &port, &resolver)
        }
        guard let server else {
            let error = ServerError(limits, errno: errno, resolver: resolver)
            flow.release()
            throw error
        }
        (self.server, self.port, self.flow) = (server, port, flow)
    }

    /// Enforces deadlines; the number of connections that are open, the listener included.
    func sweep(_ stage: Stage) -> Int { httpd_sweep(server, stage.rawValue) }

    /// Ends the threads. No request may be waiting for an answer. Nothing may be called afterwards.
    func stop() {
        httpd_stop(server)
        flow.release()
    }
}

extension HTTPDOptions {
    fileprivate init(
        _ limits: ServerLimits, host: UnsafePointer<CChar>, context: UnsafeMutableRawPointer
    ) {
        self.init(
            host: host, port: limits.port, threads: UInt32(limits.ioThreads),
            connections: UInt32(limits.maxConnections),
            idle_seconds: UInt32(limits.idleTimeoutSeconds),
            body_seconds: UInt32(limits.bodyTimeoutSeconds), discard_limit: limits.discardByteCount,
            context: context,
            began: onBegan, room: onRoom, complete: onComplete, later: onLater,
            interrupted: onInterrupted,
            ended: onEnded, log: onLog)
    }
}

// The shim calls these on its threads. They stand at file level because a closure written in a main
// actor's function inherits the actor, and traps when it runs elsewhere.

private typealias Context = UnsafeMutableRawPointer?
private typealias Record = UnsafeMutablePointer<HTTPDExchange>?

private func flow<R>(_ context: Context, _ body: (RequestFlow) -> R) -> R {
    Unmanaged<RequestFlow>.fromOpaque(context!)._withUnsafeGuaranteedRef(body)
}
private func onBegan(_ c: Context, _ x: Record) -> HTTPDNext {
    flow(c) { $0.began(Exchange(x!)).next }
}
private func onRoom(_ c: Context, _ x: Record, _ n: Int) -> Int {
    flow(c) { $0.room(Exchange(x!), needed: n) }
}
private func onComplete(_ c: Context, _ x: Record) -> HTTPDNext {
    flow(c) { $0.complete(Exchange(x!)).next }
}
private func onLater(_ c: Context, _ x: Record) { flow(c) { $0.later(Exchange(x!)) } }
private func onInterrupted(_ c: Context, _ x: Record) { flow(c) { $0.interrupted(Exchange(x!)) } }
private func onEnded(_ c: Context, _ x: Record) { flow(c) { $0.ended(Exchange(x!)) } }
private func onLog(_ c: Context, _ text: UnsafePointer<CChar>?) {
    flow(c) { $0.log(String(cString: text!)) }
}

extension RequestFlow.Next {
    fileprivate var next: HTTPDNext {
        switch self {
        case .read: HTTPD_READ
        case .discard: HTTPD_DISCARD
        case .answered: HTTPD_ANSWERED
        case .later: HTTPD_LATER
        }
    }
}

extension ServerError {
    fileprivate init(_ limits: ServerLimits, errno code: Int32, resolver: Int32) {
        switch code {
        case _ where resolver != 0:
            self = .noSuchAddress(
                host: limits.host, reason: String(cString: gai_strerror(resolver)))
        case EADDRINUSE: self = .addressInUse(host: limits.host, port: limits.port)
        case EACCES: self = .notPermitted(host: limits.host, port: limits.port)
        case EADDRNOTAVAIL, EAFNOSUPPORT:
            self = .noSuchAddress(host: limits.host, reason: String(cString: strerror(code)))
        default: self = .system(String(cString: strerror(code)))
        }
    }
}

extension String {
    /// `::1` from `[::1]`.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
