// SPDX-License-Identifier: Apache-2.0

import CLanes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Waiting for what another core does within microseconds, awake.
///
/// Without yields: since Linux 6.18 each gives up a whole slice, and a thread that goes on yielding beside one that
/// works gets no turn for hundreds of milliseconds. So a wait is short, and over as soon as the thread had to wait for
/// its core.
enum Watch {
    /// Whether it came true in time.
    static func until(microseconds: Int, _ isTrue: () -> Bool) -> Bool {
        var before = nanoseconds()
        let end = before + microseconds * 1000
        while true {
            for _ in 0..<32 {
                if isTrue() { return true }
                lanes_pause()
            }
            let now = nanoseconds()
            if now > end || now - before > 20_000 { return isTrue() }
            before = now
        }
    }

    /// Until what another thread is about to do has been done: 30 to 100 µs of watching, then others may have the core, that
    /// thread for one.
    static func wait(for isTrue: () -> Bool) {
        var looks = 0
        while !isTrue() {
            looks += 1
            if looks < 2000 { lanes_pause() } else { sched_yield() }
        }
    }

    private static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
