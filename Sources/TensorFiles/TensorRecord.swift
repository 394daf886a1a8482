// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One tensor of a file: where its bytes lie, not yet copied.
public struct TensorRecord: Equatable, Sendable {
    /// Its name in the file.
    public let name: String
    /// Its element type.
    public let dtype: DType
    /// Its sizes, outermost first; their product fits into `Int`, sizes of 0 left out.
    public let shape: [Int]
    /// Its elements in the file's bytes, row-major and little-endian; aligned to nothing.
    public let bytes: Range<Int>

    /// The tensor, copied out of the file that the record was read from.
    public func tensor(of file: UnsafeRawBufferPointer) -> Tensor {
        Tensor(
            copying: UnsafeRawBufferPointer(rebasing: file[bytes]), dtype: dtype, shape: shape)
    }
}

/// What holds for shapes in every format.
enum WireShape {
    /// NumPy's own limit (2.0); answers shapes of millions of ones.
    static let rankLimit = 64

    /// Bytes that a tensor takes; nil if that, or the product of the sizes that are not 0, does not
    /// fit. So any product of some of the sizes fits, in any order.
    static func byteCount(_ shape: [Int], _ dtype: DType) -> Int? {
        var product = dtype.byteCount
        for size in shape where size != 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product
    }

    /// ``byteCount(_:_:)`` or the error about `tensor`.
    static func requiredByteCount(
        _ shape: [Int], _ dtype: DType, tensor: String?
    ) throws(TensorFileError) -> Int {
        if let count = byteCount(shape, dtype) { return count }
        throw TensorFileError(
            tensor: tensor,
            """
            shape \(shape) of \(dtype.rawValue) takes more than 2^63 - 1 bytes; the sizes are \
            damaged, or too large for any machine
            """)
    }
}
