// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Synchronization

/// A number that only grows.
final class CounterCell: CounterHandler, Sendable {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

/// The last value of something.
final class GaugeCell: RecorderHandler, Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
}

/// Durations, counted by how long they were.
final class HistogramCell: TimerHandler, Sendable {
    /// Upper bounds in seconds: from a small convolution on the I/O thread to the longest request.
    static let bounds: [Double] = [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
        1,
        2.5, 5, 10, 30,
    ]
    private static let boundsNanoseconds = bounds.map { Int64($0 * 1e9) }

    private let buckets: InlineArray<19, Atomic<Int64>> = InlineArray { _ in Atomic(0) }
    private let sum = Atomic<Int64>(0)

    func recordNanoseconds(_ duration: Int64) {
        var index = 0
        while index < Self.boundsNanoseconds.count, duration > Self.boundsNanoseconds[index] {
            index += 1
        }
        buckets[index].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(duration, ordering: .relaxed)
    }

    /// How many were at most as long as each bound, and how many there were.
    var cumulativeCounts: [Int64] {
        var total: Int64 = 0
        return (0..<Self.bounds.count + 1).map { index in
            total += buckets[index].load(ordering: .relaxed)
            return total
        }
    }

    var sumSeconds: Double { Double(sum.load(ordering: .relaxed)) / 1e9 }
}
