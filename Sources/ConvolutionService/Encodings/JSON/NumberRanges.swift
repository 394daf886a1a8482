// SPDX-License-Identifier: Apache-2.0

import CTensorText
import ConvolutionEngine

/// The text of a tensor's numbers in ranges, each printed into a room of its own, by several cores where the
/// numbers are many. The ranges one behind the other are the text that printing at once gives.
package struct NumberRanges: Sendable {
    /// Part of the memory printed into.
    package struct Slice: Equatable, Sendable {
        /// Bytes from the start of the memory.
        package let offset: Int
        /// Bytes of text there.
        package let byteCount: Int
    }

    /// Numbers that a range has at least. Printing two of them takes 40 µs, twice what it takes to wake
    /// another core.
    package static let leastCount = 4096

    /// Bytes that printing may touch.
    package let byteBound: Int
    private let dtype: DType
    private let shape: [Int]
    private let threads: Int
    /// Where each range begins among the numbers, and its room in the memory; and what would follow.
    private let begins: [Int], offsets: [Int]

    /// Nil: the text may have more bytes than a number holds.
    ///
    /// `shape` as printed: that of the tensor, or one dimension for a flat list. Four ranges a core, so
    /// that one that is disturbed does fewer of them.
    package init?(
        shape: [Int], dtype: DType, leastCount: Int = leastCount,
        threads: Int = ProcessorCount.available
    ) {
        let format = dtype.textFormat, rank = Int32(shape.count)
        guard tensor_text_range_byte_bound(format, rank, shape, 0, 0) >= 0 else { return nil }
        let count = shape.reduce(1, *)
        let ranges = threads > 1 ? max(1, min(4 * threads, count / leastCount)) : 1
        let begins = (0...ranges).map { count / ranges * $0 + min($0, count % ranges) }
        var offsets = [0]
        for range in 0..<ranges {
            let bound = tensor_text_range_byte_bound(
                format, rank, shape, begins[range], begins[range + 1])
            let (next, overflow) = offsets[range].addingReportingOverflow(bound)
            if overflow { return nil }
            offsets.append(next)
        }
        (self.dtype, self.shape, self.threads) = (dtype, shape, threads)
        (self.begins, self.offsets, byteBound) = (begins, offsets, offsets[ranges])
    }

    /// Prints the elements of a tensor with as many as the shape has; `base` has ``byteBound`` bytes. The
    /// text is the slices of this memory, in order.
    package func print(_ tensor: Tensor, into base: UnsafeMutableRawPointer) -> [Slice] {
        precondition(tensor.dtype == dtype && tensor.count == begins.last)
        let ranges = begins.count - 1
        return [Slice](unsafeUninitializedCapacity: ranges) { slices, count in
            nonisolated(unsafe) let (base, slices) = (base, slices)
            ParallelTiles.run(ranges, threads: threads) { range, _ in
                let byteCount = tensor_text_print_range(
                    dtype.textFormat, (base + offsets[range]).assumingMemoryBound(to: CChar.self),
                    tensor.storage.bytes, Int32(shape.count), shape, begins[range],
                    begins[range + 1])
                slices.initializeElement(
                    at: range, to: Slice(offset: offsets[range], byteCount: byteCount))
            }
            count = ranges
        }
    }
}
