// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where the server listens and how much it takes. Each limit names the attack or accident it
/// answers.
public struct ServerLimits: Sendable, Hashable {
    /// The address to listen on: IPv4, IPv6 or a name; `0.0.0.0` and `::` are all of the machine's.
    public var host = "127.0.0.1"
    /// The port; 0 lets the system choose (see ``HTTPServer/port``).
    public var port: UInt16 = 8080
    /// Bytes of one body: an upload that fills the memory. Answered with 413, before the body is
    /// read if possible.
    public var maxBodyBytes = 256 << 20
    /// Bytes of all bodies being received or computed on: many uploads that fill the memory
    /// together. Answered with 503; one body alone is always let in.
    public var maxBodyBytesInFlight = 1 << 30
    /// Connections open at once: running out of file descriptors. Further clients wait in the
    /// backlog.
    public var maxConnections = 4096
    /// Seconds in which nothing at all comes or goes, until a connection is closed: forgotten
    /// connections.
    public var idleTimeoutSeconds = 60
    /// Seconds from a request's header to the end of its body, until 408: bodies that drip.
    public var bodyTimeoutSeconds = 120
    /// Requests that wait for a compute thread: a queue whose end nobody waits for. Answered with
    /// 503.
    public var maxWaiting = 256
    /// Bodies up to this size are handled on the I/O thread (see ``HTTPHandler``).
    public var inlineBodyByteCount = 16 << 10
    /// Threads that only read and write sockets. More than four bring nothing.
    public var ioThreads = min(4, ServerLimits.processors)
    /// Requests computed at once.
    public var computeThreads = ServerLimits.processors
    /// Seconds that draining goes on serving as before, with ``HTTPServer/isDraining`` already set:
    /// the time a load balancer takes to notice.
    public var preStopSeconds = 0
    /// Seconds that work in flight has to finish once draining, before what is left gets 503.
    public var drainSeconds = 8

    private static let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// The defaults.
    public init() {}
}
