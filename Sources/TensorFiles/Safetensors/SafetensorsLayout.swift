// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a file's header says, held against the file's length: where each tensor lies, whatever its element type.
///
///     | N: u64, little-endian | header: N bytes of JSON | data |
///
/// The data is covered by the tensors from its first byte to its last, without overlaps and holes, and each has as many
/// bytes as its shape and type say.
public struct SafetensorsLayout: Sendable {
    /// One tensor.
    public struct Entry: Equatable, Sendable {
        /// Its name in the file.
        public let name: String
        /// Of its elements.
        public let type: SafetensorsType
        /// Its sizes, outermost first; their product fits into `Int`, sizes of 0 left out.
        public let shape: [Int]
        /// Its elements in the file's bytes, row-major and little-endian; aligned to nothing.
        public let bytes: Range<Int>
    }

    /// In the order of the header.
    public let entries: [Entry]
    /// The strings of `__metadata__`.
    public let metadata: [(name: String, value: String)]

    /// Bytes in front of the header, which hold its length.
    public static let prefixByteCount = 8

    /// - Parameters:
    ///   - header: the header alone
    ///   - fileByteCount: of the whole file
    public init(header: UnsafeRawBufferPointer, fileByteCount: Int) throws(TensorFileError) {
        let said = try SafetensorsHeader(header)
        let data = Self.prefixByteCount + header.count
        for entry in said.entries { try Self.checkLength(entry) }
        try Self.checkCover(said.entries, dataByteCount: fileByteCount - data)
        metadata = said.metadata
        entries = said.entries.map {
            Entry(
                name: $0.name, type: $0.type, shape: $0.shape,
                bytes: data + $0.begin..<data + $0.end)
        }
    }

    /// The length of the header, by the first bytes of the file.
    ///
    /// - Parameter prefix: as many as there are, up to ``prefixByteCount``
    public static func headerByteCount(
        prefix: UnsafeRawBufferPointer, fileByteCount: Int
    ) throws(TensorFileError) -> Int {
        guard prefix.count >= prefixByteCount else {
            throw TensorFileError(
                """
                a file of \(counted(fileByteCount, "byte")): a safetensors file begins with 8 bytes \
                that hold the length of its header; send what safetensors.numpy.save returns
                """)
        }
        let length = prefix.littleEndian(UInt64.self, at: 0)
        guard length <= Safetensors.headerLimit else {
            throw TensorFileError(
                """
                the header's length is \(length) bytes, and \(Safetensors.headerLimit) are allowed; the file \
                is damaged or no safetensors file
                """)
        }
        guard length <= fileByteCount - prefixByteCount else {
            throw TensorFileError(
                """
                the header's length is \(length) bytes, but only \
                \(fileByteCount - prefixByteCount) follow; the file is cut off or no safetensors file
                """)
        }
        return Int(length)
    }

    private static func checkLength(
        _ entry: SafetensorsHeader.Entry
    ) throws(TensorFileError) {
        let expected = try WireShape.requiredByteCount(
            entry.shape, bits: entry.type.bitCount,
            of: entry.type.dtype?.rawValue ?? entry.type.word, tensor: entry.name)
        guard entry.begin <= entry.end else {
            throw TensorFileError(
                tensor: entry.name,
                "data_offsets [\(entry.begin), \(entry.end)] run backwards; they are [begin, end]")
        }
        guard entry.end - entry.begin == expected else {
            throw TensorFileError(
                tensor: entry.name,
                """
                shape \(entry.shape) of \(entry.type.word) takes \
                \(counted(expected, "byte")), but data_offsets [\(entry.begin), \(entry.end)] hold \
                \(entry.end - entry.begin)
                """)
        }
    }

    /// Each tensor begins where the one in front of it ends.
    private static func checkCover(
        _ entries: [SafetensorsHeader.Entry], dataByteCount: Int
    ) throws(TensorFileError) {
        let ordered = entries.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
        var covered = 0
        for entry in ordered {
            guard entry.begin == covered else {
                let flaw =
                    entry.begin < covered
                    ? "inside the tensor in front of it, which ends at \(covered)"
                    : "and leaves a hole behind byte \(covered)"
                throw TensorFileError(
                    tensor: entry.name,
                    """
                    it begins at byte \(entry.begin) of the data \(flaw); tensors follow each \
                    other without overlaps and holes
                    """)
            }
            guard entry.end <= dataByteCount else {
                throw TensorFileError(
                    tensor: entry.name,
                    """
                    it ends at byte \(entry.end) of the data, of which there are \
                    \(dataByteCount); the file is cut off
                    """)
            }
            covered = entry.end
        }
        guard covered == dataByteCount else {
            throw TensorFileError(
                """
                the tensors cover \(counted(covered, "byte")) of data, but \(dataByteCount) follow \
                the header; leave out what is behind the last tensor
                """)
        }
    }
}
