// SPDX-License-Identifier: Apache-2.0

import CArchive

/// An archive in memory, read by libzip.
final class ZipArchive {
    /// One file of it, as the directory tells.
    struct Entry {
        let index: Int
        let name: String
        let byteCount, compressedByteCount: UInt64
        let method: Int
        let isEncrypted: Bool

        var isArray: Bool { name.utf8.count > 4 && name.utf8.suffix(4).elementsEqual(".npy".utf8) }
        /// The name without its `.npy`.
        var arrayName: String { isArray ? String(Substring(name.utf8.dropLast(4))) : name }
    }

    private let archive: OpaquePointer

    /// `file` has to outlive the archive.
    init(_ file: UnsafeRawBufferPointer) throws(TensorFileError) {
        try ZipDirectoryCheck.check(file)
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard
            let source = zip_source_buffer_create(
                file.baseAddress, zip_uint64_t(file.count), 0, &error)
        else { throw Self.failure(nil, &error) }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
            zip_source_free(source)
            throw Self.failure(nil, &error)
        }
        self.archive = archive
    }

    deinit { zip_discard(archive) }

    /// What the directory tells, in its order.
    func entries() throws(TensorFileError) -> [Entry] {
        let count = Int(zip_get_num_entries(archive, 0))
        guard count <= ZipLayout.entryLimit else {
            throw TensorFileError(
                """
                the archive has \(count) entries, and \(ZipLayout.entryLimit) are allowed; send \
                fewer arrays at a time
                """)
        }
        var entries: [Entry] = []
        for index in 0..<count { entries.append(try entry(index)) }
        return entries
    }

    private func entry(_ index: Int) throws(TensorFileError) -> Entry {
        let number = zip_uint64_t(index)
        var status = zip_stat_t()
        zip_stat_init(&status)
        guard zip_stat_index(archive, number, 0, &status) == 0,
            let bytes = zip_get_name(archive, number, zip_flags_t(ZIP_FL_ENC_RAW))
        else { throw Self.failure(nil, zip_get_error(archive)) }
        guard let name = String(validatingCString: bytes) else {
            throw TensorFileError(
                tensor: String(cString: bytes),
                "the name of this entry is not UTF-8; give it another one")
        }
        return Entry(
            index: index, name: name, byteCount: status.size,
            compressedByteCount: status.comp_size, method: Int(status.comp_method),
            isEncrypted: status.encryption_method != zip_uint16_t(ZIP_EM_NONE))
    }

    /// Opens an entry; its bytes are expanded as they are read.
    func reader(_ entry: Entry) throws(TensorFileError) -> ZipEntryReader {
        guard let file = zip_fopen_index(archive, zip_uint64_t(entry.index), 0) else {
            throw Self.failure(entry.arrayName, zip_get_error(archive))
        }
        return ZipEntryReader(file, entry, of: self)
    }

    /// libzip's words for what went wrong.
    static func failure(
        _ name: String?, _ error: UnsafeMutablePointer<zip_error_t>?
    ) -> TensorFileError {
        let words = zip_error_strerror(error).map { String(cString: $0) } ?? "unknown error"
        return TensorFileError(
            tensor: name,
            """
            the archive cannot be read (libzip: \(excerpt(words).lowercased())); it is damaged or \
            cut off: send what numpy.savez writes
            """)
    }
}

/// The bytes of one entry, in order; checked against length and CRC-32 at the end.
final class ZipEntryReader {
    private let file: OpaquePointer
    private let entry: ZipArchive.Entry
    /// Kept, since libzip's file is part of it.
    private let archive: ZipArchive
    private var read: UInt64 = 0

    fileprivate init(_ file: OpaquePointer, _ entry: ZipArchive.Entry, of archive: ZipArchive) {
        (self.file, self.entry, self.archive) = (file, entry, archive)
    }

    deinit { zip_fclose(file) }

    /// Fills `target`.
    func fill(_ target: UnsafeMutableRawBufferPointer) throws(TensorFileError) {
        var filled = 0
        while filled < target.count {
            let room = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
            let more = try advance(room)
            guard more > 0 else { throw mismatch("only \(read) are there") }
            filled += more
        }
    }

    /// The next `count` bytes.
    func bytes(_ count: Int) throws(TensorFileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { target throws(TensorFileError) in
            try fill(UnsafeMutableRawBufferPointer(target))
        }
        return bytes
    }

    /// Nothing more may come; what came is what was stored.
    func finish() throws(TensorFileError) {
        var byte: UInt8 = 0
        let more = try withUnsafeMutablePointer(to: &byte) { target throws(TensorFileError) in
            try advance(UnsafeMutableRawBufferPointer(start: target, count: 1))
        }
        if more > 0 { throw mismatch("more are there") }
    }

    private func advance(
        _ target: UnsafeMutableRawBufferPointer
    ) throws(TensorFileError) -> Int {
        let more = zip_fread(file, target.baseAddress, zip_uint64_t(target.count))
        guard more >= 0 else {
            throw ZipArchive.failure(entry.arrayName, zip_file_get_error(file))
        }
        read += UInt64(more)
        return Int(more)
    }

    private func mismatch(_ found: String) -> TensorFileError {
        TensorFileError(
            tensor: entry.arrayName,
            """
            the archive's directory says \(counted(entry.byteCount, "byte")), but \(found); it is \
            damaged: save it again
            """)
    }
}
