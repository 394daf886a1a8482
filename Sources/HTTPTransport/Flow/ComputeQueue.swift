// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Dispatch
import Synchronization

/// Runs requests on Dispatch, `width` at once and in the order of their arrival, and knows how many
/// wait.
final class ComputeQueue: Sendable {
    private struct Job: Sendable {
        let request: HTTPRequest
        let work: @Sendable () -> Void
    }

    private struct State: Sendable {
        var waiting: Deque<Job> = []
        var running: [HTTPRequest] = []
        var workers = 0
        var places = 0  // reserved and not finished
        var isClosed = false
    }

    private let state = Mutex(State())
    private let width: Int
    private let maxWaiting: Int
    private let status: ServerStatus
    private let dispatch = DispatchQueue(
        label: "convserve.compute", qos: .userInitiated, attributes: .concurrent)

    init(width: Int, maxWaiting: Int, status: ServerStatus) {
        (self.width, self.maxWaiting, self.status) = (width, maxWaiting, status)
    }

    /// Whether ``reserve()`` would fail.
    var isFull: Bool { state.withLock { $0.isClosed || $0.places >= width + maxWaiting } }

    /// Takes a place if there is one; a ``submit(_:_:)`` has to follow.
    func reserve() -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.places < width + maxWaiting else { return false }
            state.places += 1
            return true
        }
    }

    /// Runs `work` when its turn comes; it has to end with ``finish(_:)``.
    func submit(_ request: HTTPRequest, _ work: @escaping @Sendable () -> Void) {
        let needsWorker = state.withLock { state in
            state.waiting.append(Job(request: request, work: work))
            count(state)
            guard state.workers < width else { return false }
            state.workers += 1
            return true
        }
        if needsWorker { dispatch.async { [self] in while let job = next() { job.work() } } }
    }

    /// Ends a request's turn; whether its connection is still there to be answered (see
    /// ``abandonRunning(_:)``).
    func finish(_ request: HTTPRequest) -> Bool {
        state.withLock { state in
            state.places -= 1
            guard let at = state.running.firstIndex(where: { $0 === request }) else { return false }
            state.running.remove(at: at)
            return true
        }
    }

    /// Lets nothing in any more; what has waited in vain.
    func close() -> [HTTPRequest] {
        state.withLock { state in
            defer { (state.waiting, state.isClosed) = ([], true) }
            let given = state.waiting.map(\.request)
            state.places -= given.count
            return given
        }
    }

    /// Ends the connections of what is running, while it cannot finish. The number of these.
    func abandonRunning(_ hangUp: (HTTPRequest) -> Void) -> Int {
        state.withLock { state in
            state.running.forEach(hangUp)
            defer { state.running = [] }
            return state.running.count
        }
    }

    /// Whether every place is free again.
    var isEmpty: Bool { state.withLock { $0.places == 0 } }

    private func next() -> Job? {
        state.withLock { state in
            guard let job = state.waiting.popFirst() else {
                state.workers -= 1
                return nil
            }
            state.running.append(job.request)
            count(state)
            return job
        }
    }

    private func count(_ state: borrowing State) {
        status.setWaiting(state.waiting.count)
    }
}
