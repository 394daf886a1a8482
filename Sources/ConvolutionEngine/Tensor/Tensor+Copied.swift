// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// A copy of elements that lie somewhere else, aligned to nothing, on several cores if they are many:
    /// what takes the time is not so much the copying as the first touch of new pages.
    ///
    /// - Parameter bytes: the elements, row-major and little-endian; as many as the shape has
    public init(copying bytes: UnsafeRawBufferPointer, dtype: DType, shape: [Int]) {
        let storage = TensorStorage(byteCount: bytes.count)
        nonisolated(unsafe) let (from, to) = (bytes.baseAddress, storage.bytes)
        let (part, byteCount) = (1 << 20, bytes.count)
        let threads = byteCount < 4 * part ? 1 : ProcessorCount.available
        ParallelTiles.run((byteCount + part - 1) / part, threads: threads) { index, _ in
            let first = index * part
            (to + first).copyMemory(from: from! + first, byteCount: min(part, byteCount - first))
        }
        self.init(dtype: dtype, shape: shape, storage: storage)
    }
}
