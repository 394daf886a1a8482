// SPDX-License-Identifier: Apache-2.0

/// The first bytes of a file: how long its header is.
///
///     | 93 "NUMPY" | version: 2 bytes | length: u16 (1.0) or u32 (2.0, 3.0) | header | data |
struct NPYPreamble {
    /// Bytes that have to be there to read a preamble.
    static let byteCount = 12
    /// Headers have some hundred characters; NumPy itself reads no more than 10,000 unasked.
    private static let headerLimit = 1 << 20

    /// Where the header lies in the file.
    let header: Range<Int>

    /// - Parameters:
    ///   - bytes: the file's first 12, or all of them if it is shorter
    ///   - fileByteCount: how many bytes the whole file has
    init(
        _ bytes: UnsafeRawBufferPointer, fileByteCount: Int, tensor: String?
    ) throws(TensorFileError) {
        guard bytes.count >= Self.byteCount, bytes.prefix(6).elementsEqual(NPY.magic) else {
            throw TensorFileError(
                tensor: tensor,
                """
                \(counted(fileByteCount, "byte")) that do not begin with "\\x93NUMPY", a version \
                and a length: this is no .npy file; send what numpy.save writes
                """)
        }
        let start = try Self.headerStart(major: bytes[6], minor: bytes[7], tensor)
        let length =
            start == 10
            ? Int(bytes.littleEndian(UInt16.self, at: 8))
            : Int(bytes.littleEndian(UInt32.self, at: 8))
        guard length <= Self.headerLimit else {
            throw TensorFileError(
                tensor: tensor,
                """
                the header's length is \(length) bytes, and \(Self.headerLimit) are allowed; the \
                file is damaged or no array of numbers
                """)
        }
        guard length <= fileByteCount - start else {
            throw TensorFileError(
                tensor: tensor,
                """
                the header's length is \(counted(length, "byte")), but only \
                \(fileByteCount - start) follow; the file is cut off
                """)
        }
        header = start..<start + length
    }

    private static func headerStart(
        major: UInt8, minor: UInt8, _ tensor: String?
    ) throws(TensorFileError) -> Int {
        switch (major, minor) {
        case (1, 0): return 10
        case (2, 0), (3, 0): return 12
        default:
            throw TensorFileError(
                tensor: tensor,
                """
                version \(major).\(minor) of the .npy format is unknown; 1.0, 2.0 and 3.0 are \
                read: save it with numpy.save
                """)
        }
    }
}
