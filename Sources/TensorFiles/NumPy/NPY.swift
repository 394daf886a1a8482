// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Files of one array, as `numpy.save` writes them.
///
/// Source: numpy/lib/format.py ("Format Version 1.0" to "3.0").
public enum NPY {
    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

    /// The array in a file, copied; Fortran order and big-endian are turned into row-major and
    /// little-endian.
    ///
    /// - Parameters:
    ///   - file: all of it
    ///   - bfloat16: whether elements of two raw bytes (`'<V2'`) are taken for bfloat16
    public static func read(
        _ file: UnsafeRawBufferPointer, bfloat16: Bool
    ) throws(TensorFileError) -> Tensor {
        let start = UnsafeRawBufferPointer(rebasing: file.prefix(NPYPreamble.byteCount))
        let preamble = try NPYPreamble(start, fileByteCount: file.count, tensor: nil)
        let header = try NPYHeader(
            UnsafeRawBufferPointer(rebasing: file[preamble.header]), bfloat16: bfloat16,
            tensor: nil)
        let dataOffset = preamble.header.upperBound
        try header.check(dataByteCount: file.count - dataOffset, tensor: nil)
        return RowMajor(header).tensor(from: file.baseAddress! + dataOffset)
    }

    /// The beginning of a file up to its data, which begins at a multiple of 64 bytes.
    ///
    /// Version 1.0, or 2.0 where the header has more than 65,535 bytes (thousands of dimensions).
    public static func header(_ dtype: DType, _ shape: [Int]) -> [UInt8] {
        let sizes = shape.map { "\($0)," }.joined(separator: " ")
        let tuple = shape.count == 1 ? sizes : String(sizes.dropLast())
        let text = """
            {'descr': '\(NPYElement.descr(dtype))', 'fortran_order': False, 'shape': (\(tuple)), }
            """
        let short = padded(text, start: 10)
        return short.count - 10 <= UInt16.max ? short : padded(text, start: 12)
    }

    /// Magic, version and length in `start` bytes, the text, blanks and a line feed.
    private static func padded(_ text: String, start: Int) -> [UInt8] {
        let end = (start + text.utf8.count + 1 + 63) / 64 * 64
        let length = end - start
        var bytes = magic + [start == 10 ? 1 : 2, 0]
        for byte in 0..<start - 8 { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * byte))) }
        bytes.append(contentsOf: text.utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: end - 1 - bytes.count))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}
