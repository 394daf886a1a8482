// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Archives of arrays, as `numpy.savez` and `numpy.savez_compressed` write them: a ZIP file with an
/// entry `name.npy` for each.
public enum NPZ {
    /// The arrays in the order of the archive's directory.
    ///
    /// - Parameters:
    ///   - file: all of it
    ///   - maxExpandedByteCount: what the entries may have together once they are expanded; more is
    ///     refused before anything is expanded
    ///   - bfloat16: whether elements of two raw bytes (`'<V2'`) are taken for bfloat16
    public static func read(
        _ file: UnsafeRawBufferPointer, maxExpandedByteCount: Int, bfloat16: Bool
    ) throws(TensorFileError) -> [(name: String, tensor: Tensor)] {
        let archive = try ZipArchive(file)
        let entries = try archive.entries()
        try checkNames(entries)
        for entry in entries { try check(entry) }
        try checkTotal(entries, limit: maxExpandedByteCount)
        var tensors: [(name: String, tensor: Tensor)] = []
        for entry in entries {
            tensors.append((entry.arrayName, try tensor(archive, entry, bfloat16: bfloat16)))
        }
        return tensors
    }

    /// Each entry is an array with a name of its own, as bytes: others may be equal as `String`.
    private static func checkNames(_ entries: [ZipArchive.Entry]) throws(TensorFileError) {
        var known: Set<[UInt8]> = []
        for entry in entries {
            guard entry.isArray else {
                throw TensorFileError(
                    tensor: entry.name,
                    """
                    the archive's entry \(quoted(entry.name)) is no array, whose name would end in \
                    ".npy"; leave it out, or send what numpy.savez writes
                    """)
            }
            guard known.insert(Array(entry.name.utf8)).inserted else {
                throw TensorFileError(
                    tensor: entry.arrayName,
                    "the archive has \(quoted(entry.name)) twice; give each array its own name")
            }
        }
    }

    /// What can be told without expanding it.
    private static func check(_ entry: ZipArchive.Entry) throws(TensorFileError) {
        if entry.isEncrypted {
            throw TensorFileError(
                tensor: entry.arrayName,
                "it is encrypted; save it without a password, as numpy.savez does")
        }
        let (packed, expanded) = (entry.compressedByteCount, entry.byteCount)
        switch entry.method {
        case 0 where packed != expanded:
            throw TensorFileError(
                tensor: entry.arrayName,
                """
                it is stored as it is, but the archive's directory says \(packed) bytes for \
                \(expanded); the file is damaged
                """)
        case 8 where packed < expanded / deflateRatio:
            throw TensorFileError(
                tensor: entry.arrayName,
                """
                the archive's directory says that \(counted(packed, "byte")) expand to \
                \(expanded), more than deflate can make of them; the file is damaged
                """)
        case 0, 8: return
        default:
            throw TensorFileError(
                tensor: entry.arrayName,
                """
                it is compressed by method \(entry.method); 0 (stored) and 8 (deflate) are read: \
                save it with numpy.savez or numpy.savez_compressed
                """)
        }
    }

    /// Bytes that deflate can make of one: 258 of a code of 2 bits, less what blocks cost.
    private static let deflateRatio: UInt64 = 1032

    private static func checkTotal(
        _ entries: [ZipArchive.Entry], limit: Int
    ) throws(TensorFileError) {
        var total: UInt64 = 0
        for entry in entries {
            let (sum, overflow) = total.addingReportingOverflow(entry.byteCount)
            total = overflow ? .max : sum
        }
        guard total <= limit else {
            throw TensorFileError(
                """
                the archive's arrays have \(total) bytes once they are expanded, and \(limit) are \
                allowed; send fewer or smaller arrays at a time
                """, kind: .tooLarge)
        }
    }

    private static func tensor(
        _ archive: ZipArchive, _ entry: ZipArchive.Entry, bfloat16: Bool
    ) throws(TensorFileError) -> Tensor {
        let byteCount = Int(entry.byteCount)
        let reader = try archive.reader(entry)
        let header = try header(reader, byteCount, entry.arrayName, bfloat16: bfloat16)
        let order = RowMajor(header)
        let storage = TensorStorage(byteCount: header.dataByteCount)
        try reader.fill(
            UnsafeMutableRawBufferPointer(start: storage.bytes, count: header.dataByteCount))
        try reader.finish()
        if order.isPlain { return order.tensor(storage) }
        defer { withExtendedLifetime(storage) {} }
        return order.tensor(from: storage.bytes)
    }

    /// Reads an entry up to its data.
    private static func header(
        _ reader: ZipEntryReader, _ byteCount: Int, _ name: String, bfloat16: Bool
    ) throws(TensorFileError) -> NPYHeader {
        var bytes = try reader.bytes(min(byteCount, NPYPreamble.byteCount))
        let preamble = try bytes.withUnsafeBufferPointer { bytes throws(TensorFileError) in
            try NPYPreamble(UnsafeRawBufferPointer(bytes), fileByteCount: byteCount, tensor: name)
        }
        bytes += try reader.bytes(max(0, preamble.header.upperBound - bytes.count))
        let header = try bytes[preamble.header].withUnsafeBufferPointer {
            (bytes) throws(TensorFileError) in
            try NPYHeader(UnsafeRawBufferPointer(bytes), bfloat16: bfloat16, tensor: name)
        }
        try header.check(dataByteCount: byteCount - preamble.header.upperBound, tensor: name)
        return header
    }
}
