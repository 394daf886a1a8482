// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Files of named tensors as `safetensors` reads and writes them:
///
///     | N: u64, little-endian | header: N bytes of JSON | data |
///
/// Source: github.com/huggingface/safetensors, README.md ("Format") and `src/tensor.rs`.
public enum Safetensors {
    /// The format's own limit.
    static let headerLimit = 100_000_000

    /// The tensors in the order of the header, and the strings of `__metadata__`.
    ///
    /// The data is covered by them from its first byte to its last, without overlaps and holes, and
    /// each has as many bytes as its shape and dtype say. Nothing is copied.
    public static func read(
        _ file: UnsafeRawBufferPointer
    ) throws(TensorFileError) -> (
        tensors: [TensorRecord], metadata: [(name: String, value: String)]
    ) {
        let data = 8 + (try headerByteCount(file))
        let header = try SafetensorsHeader(UnsafeRawBufferPointer(rebasing: file[8..<data]))
        for entry in header.entries { try checkLength(entry) }
        try checkCover(header.entries, dataByteCount: file.count - data)
        let records = header.entries.map {
            TensorRecord(
                name: $0.name, dtype: $0.dtype, shape: $0.shape,
                bytes: data + $0.begin..<data + $0.end)
        }
        return (records, header.metadata)
    }

    private static func headerByteCount(
        _ file: UnsafeRawBufferPointer
    ) throws(TensorFileError) -> Int {
        guard file.count >= 8 else {
            throw TensorFileError(
                """
                a file of \(counted(file.count, "byte")): a safetensors file begins with 8 bytes \
                that hold the length of its header; send what safetensors.numpy.save returns
                """)
        }
        let length = file.littleEndian(UInt64.self, at: 0)
        guard length <= headerLimit else {
            throw TensorFileError(
                """
                the header's length is \(length) bytes, and \(headerLimit) are allowed; the file \
                is damaged or no safetensors file
                """)
        }
        guard length <= file.count - 8 else {
            throw TensorFileError(
                """
                the header's length is \(length) bytes, but only \
                \(file.count - 8) follow; the file is cut off or no safetensors file
                """)
        }
        return Int(length)
    }

    private static func checkLength(_ entry: SafetensorsHeader.Entry) throws(TensorFileError) {
        let expected = try WireShape.requiredByteCount(
            entry.shape, entry.dtype, tensor: entry.name)
        guard entry.begin <= entry.end else {
            throw TensorFileError(
                tensor: entry.name,
                "data_offsets [\(entry.begin), \(entry.end)] run backwards; they are [begin, end]")
        }
        guard entry.end - entry.begin == expected else {
            throw TensorFileError(
                tensor: entry.name,
                """
                shape \(entry.shape) of \(SafetensorsDType.word(entry.dtype)) takes \
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
