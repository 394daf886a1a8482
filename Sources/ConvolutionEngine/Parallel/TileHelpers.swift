// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Threads of Dispatch that help with jobs and look out for the next one before they go.
///
/// A thread that sleeps takes 25 µs to wake, and now and then wakes on the core of the one that calls it,
/// where it is of no help for the whole call. So a helper stays for a few hundred looks at the next job,
/// and gives its core to whoever else wants it between two of them.
final class TileHelpers: Sendable {
    static let shared = TileHelpers()

    private let latest = Mutex<TileJob?>(nil)
    private let calls = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)
    /// Looks before a helper goes: about 100 µs, since each lets others have the core.
    private static let looks = 200

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
        var left = Self.looks
        while left > 0 {
            let now = calls.load(ordering: .sequentiallyConsistent)
            if now == seen {
                sched_yield()
                left -= 1
                continue
            }
            seen = now
            waiting.subtract(1, ordering: .sequentiallyConsistent)
            latest.withLock { $0 }?.help()
            waiting.add(1, ordering: .sequentiallyConsistent)
            left = Self.looks
        }
        waiting.subtract(1, ordering: .sequentiallyConsistent)
        // Who called between the last look and now did not ask Dispatch.
        if calls.load(ordering: .sequentiallyConsistent) != seen {
            latest.withLock { $0 }?.help()
        }
    }
}
