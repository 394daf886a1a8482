// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Working memory that is used again: fresh pages cost about a millisecond for 10 MB.
///
/// Blocks are handed out by size, smallest that fits first, but none to whom a quarter of it is enough;
/// those that were not used lately are given
/// back to the system when the pool holds more than its bound.
package final class ScratchPool: Sendable {
    /// The one that all algorithms use; tests count what one of their own makes.
    @TaskLocal package static var shared = ScratchPool(keptByteCount: 256 << 20)

    private struct Free: Sendable {
        var blocks: [TensorStorage] = []
        var byteCount = 0
        var made = 0
    }
    private let free = Mutex(Free())
    private let keptByteCount: Int

    package init(keptByteCount: Int) { self.keptByteCount = keptByteCount }

    /// Runs `body` with `byteCount` bytes of 64-byte aligned memory that hold anything.
    package func withScratch<Result>(
        byteCount: Int, _ body: (UnsafeMutableRawPointer) throws -> Result
    ) rethrows -> Result {
        let block = take(byteCount)
        defer { give(block) }
        return try body(block.bytes)
    }

    /// Memory that is given back with its last owner: for what outlives a call, but often not by much.
    package func lease(byteCount: Int) -> Lease { Lease(block: take(byteCount), pool: self) }

    /// A block that somebody owns.
    package final class Lease: @unchecked Sendable {
        private let block: TensorStorage
        private let pool: ScratchPool

        fileprivate init(block: TensorStorage, pool: ScratchPool) {
            (self.block, self.pool) = (block, pool)
        }

        /// The first byte, 64-byte aligned.
        package var bytes: UnsafeMutableRawPointer { block.bytes }

        deinit { pool.give(block) }
    }

    /// Bytes that wait to be used again.
    package var freeByteCount: Int { free.withLock { $0.byteCount } }

    /// Blocks that had to be made, because none that waits would do.
    package var madeCount: Int { free.withLock { $0.made } }

    private func take(_ byteCount: Int) -> TensorStorage {
        let kept = free.withLock { free -> TensorStorage? in
            var best: Int?
            let fitting = byteCount...max(4 * byteCount, 1 << 20)
            for (i, block) in free.blocks.enumerated() where fitting ~= block.byteCount {
                if best.map({ block.byteCount < free.blocks[$0].byteCount }) ?? true { best = i }
            }
            guard let best else {
                free.made += 1
                return nil
            }
            free.byteCount -= free.blocks[best].byteCount
            return free.blocks.remove(at: best)
        }
        return kept ?? TensorStorage(byteCount: byteCount)
    }

    private func give(_ block: TensorStorage) {
        if block.byteCount > keptByteCount { return }
        let dropped = free.withLock { free -> [TensorStorage] in
            free.blocks.append(block)
            free.byteCount += block.byteCount
            var dropped: [TensorStorage] = []
            while free.byteCount > keptByteCount {
                let oldest = free.blocks.removeFirst()
                free.byteCount -= oldest.byteCount
                dropped.append(oldest)
            }
            return dropped
        }
        withExtendedLifetime(dropped) {}
    }
}
