// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// Where the time of one request went; the reply's `Server-Timing`.
struct ServerTiming: Sendable {
    /// What a request's time is spent on.
    enum Stage: Int, CaseIterable { case parse, queue, compute, serialize }

    /// The field of the reply's header.
    static let name = "Server-Timing"

    private var nanoseconds: InlineArray<4, UInt64> = .init(repeating: 0)
    private var last: Timestamp

    /// Begins where a thread took the request up; what it waited before that is queueing.
    init(_ request: HTTPRequest) {
        last = .now
        let waited = request.handlingStart.nanoseconds &- request.bodyCompletion.nanoseconds
        if request.handlingStart > request.bodyCompletion {
            nanoseconds[Stage.queue.rawValue] = waited
        }
    }

    /// The time since the last stage ended was spent on this one.
    mutating func end(_ stage: Stage) {
        let now = Timestamp.now
        nanoseconds[stage.rawValue] += now.nanoseconds - last.nanoseconds
        last = now
    }

    /// Nanoseconds spent on a stage.
    func nanoseconds(_ stage: Stage) -> UInt64 { nanoseconds[stage.rawValue] }

    /// Milliseconds spent on a stage.
    func milliseconds(_ stage: Stage) -> Double { Double(nanoseconds[stage.rawValue]) / 1e6 }

    /// `parse;dur=0.012, queue;dur=0.000, compute;dur=0.305, serialize;dur=0.041`, in ms.
    var header: String {
        String(unsafeUninitializedCapacity: 128) { text in
            var count = 0
            Self.put("parse;dur=", nanoseconds[0], &count, text)
            Self.put(", queue;dur=", nanoseconds[1], &count, text)
            Self.put(", compute;dur=", nanoseconds[2], &count, text)
            Self.put(", serialize;dur=", nanoseconds[3], &count, text)
            return count
        }
    }

    /// `, compress;dur=1.234`, in ms: for what is done to a reply that has its header already.
    static func addition(_ item: StaticString, since start: Timestamp) -> String {
        String(unsafeUninitializedCapacity: 64) { text in
            var count = 0
            Self.put(item, Timestamp.now.nanoseconds - start.nanoseconds, &count, text)
            return count
        }
    }

    /// The name and milliseconds with three places; 0.1 µs where interpolation takes 1.
    private static func put(
        _ name: StaticString, _ nanoseconds: UInt64, _ count: inout Int,
        _ text: UnsafeMutableBufferPointer<UInt8>
    ) {
        for index in 0..<name.utf8CodeUnitCount { text[count + index] = name.utf8Start[index] }
        count += name.utf8CodeUnitCount
        let microseconds = min((nanoseconds + 500) / 1000, 999_999_999_999)
        var scale: UInt64 = 1000
        while microseconds / scale >= 10 { scale *= 10 }
        while scale > 0 {
            text[count] = UInt8(ascii: "0") + UInt8(microseconds / scale % 10)
            count += 1
            if scale == 1000 {
                text[count] = UInt8(ascii: ".")
                count += 1
            }
            scale /= 10
        }
    }
}
