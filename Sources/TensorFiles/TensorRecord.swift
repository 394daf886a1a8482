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
    /// fit, or if its elements fill no whole bytes. So any product of some of the sizes fits, in any order.
    static func byteCount(_ shape: [Int], bits: Int) -> Int? {
        // In bytes where these are whole, so that 2^60 float64 are as many as fit.
        let isWhole = bits.isMultiple(of: 8)
        var product = isWhole ? bits / 8 : bits
        for size in shape where size != 0 {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow { return nil }
            product = next
        }
        if shape.contains(0) { return 0 }
        if isWhole { return product }
        return product.isMultiple(of: 8) ? product / 8 : nil
    }

    /// ``byteCount(_:bits:)`` of elements that are computed with.
    static func byteCount(_ shape: [Int], _ dtype: DType) -> Int? {
        byteCount(shape, bits: 8 * dtype.byteCount)
    }

    /// ``byteCount(_:_:)`` or the error about `tensor`.
    static func requiredByteCount(
        _ shape: [Int], _ dtype: DType, tensor: String?
    ) throws(TensorFileError) -> Int {
        try requiredByteCount(
            shape, bits: 8 * dtype.byteCount, of: dtype.rawValue, tensor: tensor)
    }

    static func requiredByteCount(
        _ shape: [Int], bits: Int, of type: String, tensor: String?
    ) throws(TensorFileError) -> Int {
        if let count = byteCount(shape, bits: bits) { return count }
        let flaw =
            bits.isMultiple(of: 8)
            ? "takes more than 2^63 - 1 bytes; the sizes are damaged, or too large for any machine"
            : "fills no whole bytes, or more than 2^63 - 1; the sizes are damaged"
        throw TensorFileError(tensor: tensor, "shape \(shape) of \(type) \(flaw)")
    }
}
