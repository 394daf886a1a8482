// SPDX-License-Identifier: Apache-2.0

import CLanes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Waiting for what another core does within microseconds, awake.
///
/// Without yields: since Linux 6.18 each gives up a slice, and a thread that has yielded a hundred times gets no turn for a
/// hundred slices beside one that works.
enum Watch {
    /// Whether it came true in time.
    static func until(microseconds: Int, _ isTrue: () -> Bool) -> Bool {
        var end: Int?
        while true {
            for _ in 0..<64 {
                if isTrue() { return true }
                lanes_pause()
            }
            let now = nanoseconds()
            if now > end ?? now { return false }
            end = end ?? now + microseconds * 1000
        }
    }

    private static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
