// SPDX-License-Identifier: Apache-2.0

#if canImport(Musl)
import Musl
#elseif canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Memory from `malloc` that grows while it is filled, and is freed with its last owner.
///
/// Whoever makes it fills it; once it is handed out nobody writes to it, which is why it may be
/// shared between threads. ``slackByteCount`` zero bytes follow the last one then, so that readers
/// of text may look ahead.
public final class OwnedBytes: @unchecked Sendable {
    /// Readable zero bytes behind the last one.
    public static let slackByteCount = 64

    /// The first byte.
    public private(set) var base: UnsafeMutableRawPointer
    /// The bytes that are filled.
    public private(set) var count = 0
    private(set) var capacity: Int

    /// The filled bytes, for as long as their owner lives.
    public var readable: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Room for `capacity` bytes; pages that nobody touches cost nothing.
    init(capacity: Int) {
        self.capacity = capacity
        base = Self.allocated(malloc(capacity + Self.slackByteCount), capacity)
    }

    deinit { free(base) }

    /// The bytes behind the filled ones; never empty: the room is doubled where it is used up.
    var room: UnsafeMutableRawBufferPointer {
        if count == capacity { resize(max(2 * capacity, 4096)) }
        return UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
    }

    /// Takes the next `more` bytes of ``room`` for filled.
    func fill(_ more: Int) { count += more }

    /// Gives back the room that is left, and clears the bytes behind the last one.
    func finished() -> OwnedBytes {
        if count < capacity { resize(count) }
        memset(base + count, 0, Self.slackByteCount)
        return self
    }

    private func resize(_ capacity: Int) {
        base = Self.allocated(realloc(base, capacity + Self.slackByteCount), capacity)
        self.capacity = capacity
    }

    private static func allocated(
        _ base: UnsafeMutableRawPointer?, _ byteCount: Int
    ) -> UnsafeMutableRawPointer {
        guard let base else { fatalError("out of memory: \(byteCount) bytes for a body") }
        return base
    }
}
