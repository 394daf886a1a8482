// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Memory for one tensor: 64-byte aligned, with readable slack on both sides, freed with its last owner.
///
/// The slack lets kernels read whole vectors at the ends of rows. It is zeros, since arithmetic on what happens to
/// be there takes a hundred times as long where that is denormal; nothing ever writes there.
/// A storage is written by the one that made it and only read once it is part of a ``Tensor``,
/// which is why it may be shared between threads.
public final class TensorStorage: @unchecked Sendable {
    /// Readable bytes before the first and behind the last element.
    public static let slackByteCount = 256

    /// The first element.
    public let bytes: UnsafeMutableRawPointer
    /// Bytes that elements may take.
    public let byteCount: Int
    private let allocation: UnsafeMutableRawPointer

    /// Uninitialized memory for `byteCount` bytes; pages that nobody touches cost nothing.
    public init(byteCount: Int) {
        let slack = Self.slackByteCount
        allocation = .allocate(byteCount: byteCount + 2 * slack, alignment: 64)
        Self.askForLargePages(allocation, byteCount)
        bytes = allocation + slack
        self.byteCount = byteCount
        allocation.initializeMemory(as: UInt8.self, repeating: 0, count: slack)
        (bytes + byteCount).initializeMemory(as: UInt8.self, repeating: 0, count: slack)
    }

    deinit { allocation.deallocate() }

    /// A hint: to touch 30 MB for the first time in pages of 4 KB takes as long as most convolutions that make them.
    private static func askForLargePages(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
        guard byteCount >= 16 << 20 else { return }
        let page = 4096, first = memory.alignedUp(toMultipleOf: page)
        madvise(first, (byteCount - page) & ~(page - 1), MADV_HUGEPAGE)
    }
}
