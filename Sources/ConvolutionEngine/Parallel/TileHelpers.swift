// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Threads of Dispatch that help with jobs and look out for the next one before they go.
///
/// A thread that sleeps takes 25 µs to wake, and now and then wakes on the core of the one that calls it,
/// where it is of no help for the whole call. So a helper watches out for the next job for a while (``Watch``).
final class TileHelpers: Sendable {
    static let shared = TileHelpers()

    private let latest = Mutex<TileJob?>(nil)
    private let calls = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)
    /// How long a helper watches. Of 200 µs a service under load had a fifth less to answer with.
    private static let patience = 50

    /// Lets helpers know of a job; those that are missing are asked of Dispatch.
    func call(for job: TileJob) {
        latest.withLock { $0 = job }
        calls.add(1, ordering: .sequentiallyConsistent)
        let missing = job.workers - 1 - waiting.load(ordering: .sequentiallyConsistent)
        for _ in 0..<max(0, missing) {
            DispatchQueue.global(qos: .userInitiated).async { [self] in help(job) }
        }
    }

    /// Helps with one job and with those that come soon after it.
    private func help(_ job: TileJob) {
        var seen = calls.load(ordering: .sequentiallyConsistent)
        job.help()
        waiting.add(1, ordering: .sequentiallyConsistent)
        while Watch.until(
            microseconds: Self.patience, { calls.load(ordering: .sequentiallyConsistent) != seen })
        {
            seen = calls.load(ordering: .sequentiallyConsistent)
            waiting.subtract(1, ordering: .sequentiallyConsistent)
            latest.withLock { $0 }?.help()
            waiting.add(1, ordering: .sequentiallyConsistent)
        }
        waiting.subtract(1, ordering: .sequentiallyConsistent)
        // Who called between the last look and now did not ask Dispatch.
        if calls.load(ordering: .sequentiallyConsistent) != seen {
            latest.withLock { $0 }?.help()
        }
    }
}
