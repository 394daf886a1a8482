// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How a server fares: for readiness and metrics. Made by the caller, so that the handler can have
/// it before there is a server.
public final class ServerStatus: Sendable {
    private let draining = Atomic(false)
    private let ending = Atomic(false)
    private let requests = Atomic(0)
    private let queued = Atomic(0)
    private let connections = Atomic(0)
    private let bodyBytes = Atomic(0)

    /// The status of a server that has not begun.
    public init() {}

    /// Whether the server is on its way out: readiness is over.
    public var isDraining: Bool { draining.load(ordering: .relaxed) }
    /// Requests whose header has come and whose reply has not been sent.
    public var inFlight: Int { requests.load(ordering: .relaxed) }
    /// Requests that wait for a compute thread.
    public var waiting: Int { queued.load(ordering: .relaxed) }
    /// Connections open, a quarter of a second ago at most.
    public var openConnections: Int { connections.load(ordering: .relaxed) }
    /// Bytes of the bodies in flight.
    public var bodyBytesInFlight: Int { bodyBytes.load(ordering: .relaxed) }

    /// For tests of readiness: what the server does when it begins to drain.
    package func beginDraining() { draining.store(true, ordering: .relaxed) }

    /// Whether the time to drain is over.
    var isEnding: Bool { ending.load(ordering: .relaxed) }
    func beginEnding() { ending.store(true, ordering: .relaxed) }
    func requestBegan() { requests.wrappingAdd(1, ordering: .relaxed) }
    func requestEnded() { requests.wrappingSubtract(1, ordering: .relaxed) }
    func setWaiting(_ count: Int) { queued.store(count, ordering: .relaxed) }
    func setOpenConnections(_ count: Int) { connections.store(count, ordering: .relaxed) }

    /// Takes bytes out of the budget, beyond those that the same body holds already; one body alone may
    /// exceed it.
    func reserve(bytes: Int, beyond held: Int, most: Int) -> Bool {
        let total = bodyBytes.wrappingAdd(bytes, ordering: .relaxed).newValue
        if total <= most || total == bytes + held { return true }
        release(bytes: bytes)
        return false
    }

    func release(bytes: Int) { bodyBytes.wrappingSubtract(bytes, ordering: .relaxed) }
}
