// SPDX-License-Identifier: Apache-2.0

import CLanes
import Synchronization

/// The tasks of one call, for as long as it lasts; a helper that comes later finds it closed.
final class TileJob: @unchecked Sendable {
    let workers: Int
    /// Where the caller is, who starts at once.
    private let processor = lanes_processor()
    private let count: Int
    private var body: (@Sendable (Int, Int) -> Void)?
    /// Equal parts of the tasks, one for each worker up to eight, and the next task of each.
    private let shares: Int
    private let next: InlineArray<8, Atomic<Int>>
    private let joined = Atomic<Int>(1)
    private let helpers = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    init(_ count: Int, workers: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
        (self.count, self.workers, self.body) = (count, workers, body)
        let shares = min(workers, 8)
        self.shares = shares
        next = InlineArray { Atomic(count * $0 / shares) }
    }

    /// Takes tasks until there are none, of its own share first. Not inlined, so that its hold on `body` ends with
    /// it: the closure does not escape, and the runtime checks that when the call returns.
    @inline(never) func work(as worker: Int) {
        guard let body else { return }
        for i in 0..<shares {
            let share = (worker + i) % shares, end = count * (share + 1) / shares
            while true {
                let task = next[share].add(1, ordering: .relaxed).oldValue
                if task >= end { break }
                body(task, worker)
            }
        }
    }

    /// Either the helper is seen by ``close()``, or it sees that the job is closed: both look after they
    /// have written, in one order for all threads.
    ///
    /// A helper on the caller's processor moves away first: left there, it is of no help until the scheduler balances
    /// its queues, which may take a hundred milliseconds and more.
    ///
    /// - Parameter isFree: called when the helper has nothing more to do, before the caller can know; not if there were
    ///   helpers enough
    /// - Returns: whether it was called
    func help(_ isFree: () -> Void) -> Bool {
        if workers <= ProcessorCount.available && lanes_processor() == processor {
            lanes_leave_processor(processor)
        }
        helpers.add(1, ordering: .sequentiallyConsistent)
        defer { helpers.subtract(1, ordering: .sequentiallyConsistent) }
        if !isClosed.load(ordering: .sequentiallyConsistent) {
            let worker = joined.add(1, ordering: .relaxed).oldValue
            if worker >= workers { return false }
            work(as: worker)
        }
        isFree()
        return true
    }

    /// Returns when no helper is at a task.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        Watch.wait { helpers.load(ordering: .sequentiallyConsistent) == 0 }
        body = nil
    }
}
