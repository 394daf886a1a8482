// SPDX-License-Identifier: Apache-2.0

/// Looks at the end of an archive before libzip does.
///
/// libzip takes every signature of an end record in the last 64 KB for one, reads the directory
/// that each tells of, and reserves memory for as many entries as it says: 100 bytes can ask for
/// gigabytes, and 3,000 end records for the same large directory can keep it busy for minutes. Here
/// both are bounded, for each record that libzip would follow.
enum ZipDirectoryCheck {
    /// Two are met by chance in one of 10^9 archives.
    private static let candidateLimit = 16

    static func check(_ file: UnsafeRawBufferPointer) throws(TensorFileError) {
        let tail =
            ZipLayout.commentLimit + ZipLayout.directoryEndByteCount
            + ZipLayout.locatorByteCount
        var candidates = 0
        var offset = max(0, file.count - tail)
        while let place = next(in: file, from: offset) {
            candidates += 1
            try check(candidate: place, file)
            offset = place + 1
        }
        guard candidates > 0 else {
            throw TensorFileError(
                """
                \(counted(file.count, "byte")) without the end of an archive: this is no .npz \
                file, or it is cut off; send what numpy.savez writes
                """)
        }
        guard candidates <= candidateLimit else {
            throw TensorFileError(
                """
                the archive ends \(candidates) times, and \(candidateLimit) are looked at; send \
                what numpy.savez writes
                """)
        }
    }

    private static func next(in file: UnsafeRawBufferPointer, from first: Int) -> Int? {
        var offset = first
        while offset + ZipLayout.directoryEndByteCount <= file.count {
            if file.littleEndian(UInt32.self, at: offset) == ZipLayout.directoryEnd {
                return offset
            }
            offset += 1
        }
        return nil
    }

    private static func check(
        candidate place: Int, _ file: UnsafeRawBufferPointer
    ) throws(TensorFileError) {
        let locator = place - ZipLayout.locatorByteCount
        if locator >= 0,
            file.littleEndian(UInt32.self, at: locator) == ZipLayout.directoryEnd64Locator
        {
            try check64(at: file.littleEndian(UInt64.self, at: locator + 8), file)
        } else {
            let size = UInt64(file.littleEndian(UInt32.self, at: place + 12))
            let offset = UInt64(file.littleEndian(UInt32.self, at: place + 16))
            // By chance among the bytes of a tensor; libzip passes over it as quickly.
            if offset + size > place || size < 4 { return }
            if file.littleEndian(UInt32.self, at: Int(offset)) != ZipLayout.directoryEntry {
                return
            }
            try check(
                entries: UInt64(file.littleEndian(UInt16.self, at: place + 10)), byteCount: size)
        }
    }

    private static func check64(
        at offset: UInt64, _ file: UnsafeRawBufferPointer
    ) throws(TensorFileError) {
        guard file.count >= ZipLayout.directoryEnd64ByteCount,
            offset <= file.count - ZipLayout.directoryEnd64ByteCount
        else {
            throw TensorFileError(
                """
                the archive's end record is said to be at byte \(offset) of \(file.count); the \
                file is cut off or damaged
                """)
        }
        try check(
            entries: file.littleEndian(UInt64.self, at: Int(offset) + 32),
            byteCount: file.littleEndian(UInt64.self, at: Int(offset) + 40))
    }

    private static func check(entries: UInt64, byteCount: UInt64) throws(TensorFileError) {
        guard entries <= ZipLayout.entryLimit, byteCount <= ZipLayout.directoryLimit else {
            throw TensorFileError(
                """
                the archive's directory has \(entries) entries in \
                \(counted(byteCount, "byte")), and \(ZipLayout.entryLimit) in \
                \(ZipLayout.directoryLimit) are allowed; send fewer arrays at a time
                """)
        }
    }
}
