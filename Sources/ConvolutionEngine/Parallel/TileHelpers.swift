// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Threads of Dispatch that help with jobs and look out for the next one before they go.
///
/// A thread that sleeps takes 25 µs to wake, and now and then wakes on the core of the one that calls it,
/// where it is of no help for the whole call. So a helper watches out for the next job for a while (``Watch``).
///
/// A caller claims helpers that watch, and asks Dispatch for those that are missing. Counting must be exact: a helper
/// more than there are cores takes the place of one that works, for as long as it watches. So a helper is free before
/// its job's caller knows that it is done, is claimed by one caller, and leaves only if nobody has claimed it.
final class TileHelpers: Sendable {
    static let shared = TileHelpers()

    private let latest = Mutex<TileJob?>(nil)
    /// Helpers that watch and that nobody has claimed.
    private let free = Atomic<Int>(0)
    /// Claims that no helper has followed yet.
    private let claims = Atomic<Int>(0)
    /// How long a helper watches. Of 200 µs a service under load had a fifth less to answer with.
    private static let patience = 50

    /// Lets helpers know of a job.
    func call(for job: TileJob) {
        latest.withLock { $0 = job }
        let wanted = job.workers - 1, claimed = Self.take(wanted, of: free)
        if claimed > 0 { claims.add(claimed, ordering: .sequentiallyConsistent) }
        for _ in claimed..<wanted {
            DispatchQueue.global(qos: .userInitiated).async { [self] in help(job) }
        }
    }

    /// Helps with one job and with those that come soon after it.
    private func help(_ job: TileJob) {
        var isFree = job.help { free.add(1, ordering: .sequentiallyConsistent) }
        while isFree {
            let isClaimed = Watch.until(microseconds: Self.patience) {
                Self.take(1, of: claims) == 1
            }
            if !isClaimed {
                if Self.take(1, of: free) == 1 { return }
                // Somebody has claimed this helper and is about to say so, unless this thread has its core.
                Watch.wait { Self.take(1, of: claims) == 1 }
            }
            guard let job = latest.withLock({ $0 }) else { return }
            isFree = job.help { free.add(1, ordering: .sequentiallyConsistent) }
        }
    }

    /// Takes up to `wanted` of what there is, and returns how many.
    private static func take(_ wanted: Int, of count: borrowing Atomic<Int>) -> Int {
        var there = count.load(ordering: .sequentiallyConsistent)
        while there > 0 {
            let taken = min(wanted, there)
            let (done, now) = count.weakCompareExchange(
                expected: there, desired: there - taken, ordering: .sequentiallyConsistent)
            if done { return taken }
            there = now
        }
        return 0
    }
}
