// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A moment of the monotonic clock.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Nanoseconds since some fixed moment.
    public let nanoseconds: UInt64

    /// A moment by its nanoseconds.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The present.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Timestamp(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// Milliseconds from `earlier` to this; 0 if it is not earlier.
    public func milliseconds(since earlier: Timestamp) -> Double {
        nanoseconds > earlier.nanoseconds ? Double(nanoseconds - earlier.nanoseconds) / 1e6 : 0
    }

    /// Which moment is earlier.
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }
}
