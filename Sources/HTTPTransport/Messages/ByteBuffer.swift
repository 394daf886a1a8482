// SPDX-License-Identifier: Apache-2.0

internal import CHTTPD
import Glibc

/// Memory from `malloc` that printers write into and replies are sent from, without a copy.
///
/// One owner at a time: whoever fills it does so before it becomes part of an ``HTTPResponse``, and
/// nobody writes afterwards. That is what makes it safe to hand to another thread.
public final class ByteBuffer: @unchecked Sendable {
    /// The first byte.
    public private(set) var base: UnsafeMutableRawPointer
    /// The bytes that there is room for.
    public private(set) var capacity: Int
    /// The bytes that are filled, from ``base`` on; they are what is sent.
    public var count: Int { didSet { precondition(count <= capacity, "count beyond capacity") } }
    private let release: (@Sendable (UnsafeMutableRawPointer) -> Void)?

    /// Room for `capacity` bytes, none of them filled and (when it is much) none of them touched.
    public init(capacity: Int) {
        self.capacity = max(capacity, 1)
        base = ByteBuffer.allocated(ByteBuffer.memory(self.capacity), self.capacity)
        count = 0
        release = { free($0) }
    }

    /// A buffer over memory of somebody else, which `release` gives back.
    public init(
        adopting base: UnsafeMutableRawPointer, count: Int, capacity: Int,
        release: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
    ) {
        (self.base, self.count, self.capacity, self.release) = (base, count, capacity, release)
    }

    /// A buffer over bytes that live as long as the process and are never written to.
    public init(immortal bytes: UnsafeRawBufferPointer) {
        let nothing = UnsafeRawPointer(("" as StaticString).utf8Start)
        base = UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? nothing)
        (count, capacity, release) = (bytes.count, bytes.count, nil)
    }

    deinit { release?(base) }

    /// The filled bytes.
    public var readable: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Memory from `malloc`, for large buffers in large pages; nil where there is none.
    public static func memory(_ capacity: Int) -> UnsafeMutableRawPointer? {
        let memory = malloc(capacity)
        if let memory { httpd_large_pages(memory, capacity) }
        return memory
    }

    private static func allocated(_ p: UnsafeMutableRawPointer?, _ size: Int)
        -> UnsafeMutableRawPointer
    {
        guard let p else { fatalError("out of memory: \(size) bytes for a buffer") }
        return p
    }
}

extension ByteBuffer {
    /// Makes room for `more` bytes after the filled ones. Only for buffers from `init(capacity:)`.
    public func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(count + more, capacity * 2)
        base = ByteBuffer.allocated(realloc(base, capacity), capacity)
    }

    /// Appends text. Only for buffers from `init(capacity:)`, like the other appends.
    public func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends text.
    public func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends bytes.
    public func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }
}
