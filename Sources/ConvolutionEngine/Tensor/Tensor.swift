// SPDX-License-Identifier: Apache-2.0

/// A dense row-major array of floating-point numbers. A value: its elements never change.
public struct Tensor: Sendable {
    /// The element type.
    public let dtype: DType
    /// The sizes of the dimensions, outermost first; a size may be 0.
    public let shape: [Int]
    /// The elements, row-major, at ``TensorStorage/bytes``.
    public let storage: TensorStorage

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// A tensor over storage that somebody has filled.
    public init(dtype: DType, shape: [Int], storage: TensorStorage) {
        self.dtype = dtype
        self.shape = shape
        self.storage = storage
        precondition(count * dtype.byteCount <= storage.byteCount, "storage too small for \(shape)")
    }

    /// A tensor whose elements `fill` writes, all of them.
    public init<Scalar: TensorScalar>(
        shape: [Int], of scalar: Scalar.Type,
        fill: (UnsafeMutableBufferPointer<Scalar>) throws -> Void
    ) rethrows {
        let count = shape.reduce(1, *)
        let storage = TensorStorage(byteCount: count * MemoryLayout<Scalar>.stride)
        let elements = storage.bytes.bindMemory(to: Scalar.self, capacity: count)
        try fill(UnsafeMutableBufferPointer(start: elements, count: count))
        self.init(dtype: Scalar.dtype, shape: shape, storage: storage)
    }

    /// A tensor with the given elements in row-major order.
    public init<Scalar: TensorScalar>(shape: [Int], _ elements: [Scalar]) {
        precondition(
            elements.count == shape.reduce(1, *), "\(elements.count) elements for \(shape)")
        self.init(shape: shape, of: Scalar.self) { _ = $0.initialize(from: elements) }
    }

    /// The same elements under another shape of as many elements.
    public func reshaped(_ shape: [Int]) -> Tensor {
        precondition(shape.reduce(1, *) == count, "\(self.shape) has no shape \(shape)")
        return Tensor(dtype: dtype, shape: shape, storage: storage)
    }

    /// The elements as memory; valid inside `body` only.
    public func withElements<Scalar: TensorScalar, Result>(
        of scalar: Scalar.Type = Scalar.self,
        _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
    ) rethrows -> Result {
        precondition(Scalar.dtype == dtype, "\(dtype) read as \(Scalar.dtype)")
        let elements = storage.bytes.assumingMemoryBound(to: Scalar.self)
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeBufferPointer(start: elements, count: count))
    }

    /// The elements in row-major order, copied.
    public func elements<Scalar: TensorScalar>(of scalar: Scalar.Type = Scalar.self) -> [Scalar] {
        withElements(of: Scalar.self) { Array($0) }
    }
}
