// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// A copy of elements that lie somewhere else, aligned to nothing, on several cores if they are many:
    /// what takes the time is not so much the copying as the first touch of new pages.
    ///
    /// - Parameter bytes: the elements, row-major and little-endian; as many as the shape has
    public init(copying bytes: UnsafeRawBufferPointer, dtype: DType, shape: [Int]) {
        let storage = TensorStorage(byteCount: bytes.count)
        nonisolated(unsafe) let (from, to) = (bytes.baseAddress, storage.bytes)
        Self.inParts(bytes.count, of: 1 << 20) {
            (to + $0).copyMemory(from: from! + $0, byteCount: $1)
        }
        self.init(dtype: dtype, shape: shape, storage: storage)
    }
}
