// SPDX-License-Identifier: Apache-2.0

import CArchive

/// The records of an archive of stored files, for bytes that somebody else sends in between.
///
///     local header | file | local header | file | ... | directory entry | ... | end
///
/// Fields of 32 bits where they are enough, so that readers without ZIP64 understand them; beside
/// them the ZIP64 records where they are not (APPNOTE.TXT 4.5.3). Dates are the format's first day,
/// as numpy.savez writes them, so that equal tensors make equal archives.
struct ZipWriter {
    private struct Entry {
        let name: [UInt8]
        let byteCount, offset: UInt64
        let crc: UInt32
    }

    /// The value that says "see the ZIP64 record" in a field of 32 bits.
    static let limit32: UInt64 = 0xFFFF_FFFF

    private let limit32: UInt64
    private var entries: [Entry] = []
    /// Bytes of the archive so far.
    private var offset: UInt64 = 0

    /// `limit32`: where ZIP64 begins.
    init(limit32: UInt64) { self.limit32 = limit32 }

    /// The local header of a file that consists of `header` and `data`, which are sent behind it.
    mutating func begin(
        _ name: String, header: [UInt8], data: UnsafeRawBufferPointer
    ) -> [UInt8] {
        let name = Array(name.utf8)
        precondition(name.count <= 0xFFFF, "a name of \(name.count) bytes in an archive")
        let byteCount = UInt64(header.count + data.count)
        let crc = Self.checksum(of: data, behind: Self.checksum(of: header))
        let entry = Entry(name: name, byteCount: byteCount, offset: offset, crc: crc)
        let local = localHeader(entry)
        entries.append(entry)
        offset += UInt64(local.count) + byteCount
        return local
    }

    private static func checksum(of header: [UInt8]) -> UInt {
        header.withUnsafeBytes { UInt(checksum(of: $0, behind: crc32_z(0, nil, 0))) }
    }

    private static func checksum(of bytes: UnsafeRawBufferPointer, behind crc: UInt) -> UInt32 {
        guard let first = bytes.baseAddress, !bytes.isEmpty else { return UInt32(crc) }
        return UInt32(crc32_z(crc, first.assumingMemoryBound(to: UInt8.self), bytes.count))
    }

    /// Directory and end.
    func end() -> [UInt8] {
        var record = ZipRecord()
        for entry in entries { append(entry, to: &record) }
        let size = UInt64(record.bytes.count)
        let count = UInt64(entries.count)
        if size >= limit32 || offset >= limit32 || count >= 0xFFFF {
            appendEnd64(count, size, to: &record)
        }
        record.append(ZipLayout.directoryEnd)
        record.append(0 as UInt32)  // numbers of disks
        record.append(UInt16(min(count, 0xFFFF)))
        record.append(UInt16(min(count, 0xFFFF)))
        record.append(field32(size))
        record.append(field32(offset))
        record.append(0 as UInt16)  // comment
        return record.bytes
    }

    private func field32(_ value: UInt64) -> UInt32 {
        value >= limit32 ? 0xFFFF_FFFF : UInt32(value)
    }

    private func localHeader(_ entry: Entry) -> [UInt8] {
        let isLarge = entry.byteCount >= limit32
        var record = ZipRecord()
        record.append(ZipLayout.localHeader)
        appendCommon(entry, extra: isLarge ? 20 : 0, to: &record)
        record.append(entry.name)
        if isLarge { record.appendExtra64([entry.byteCount, entry.byteCount]) }
        return record.bytes
    }

    private func append(_ entry: Entry, to record: inout ZipRecord) {
        let size = entry.byteCount >= limit32 ? [entry.byteCount, entry.byteCount] : []
        let extra = size + (entry.offset >= limit32 ? [entry.offset] : [])
        record.append(ZipLayout.directoryEntry)
        record.append(Self.unix | version(entry))  // made by
        appendCommon(entry, extra: extra.isEmpty ? 0 : 4 + 8 * extra.count, to: &record)
        record.append(0 as UInt16)  // comment
        record.append(0 as UInt16)  // disk
        record.append(0 as UInt16)  // internal attributes
        record.append(Self.attributes)
        record.append(field32(entry.offset))
        record.append(entry.name)
        if !extra.isEmpty { record.appendExtra64(extra) }
    }

    /// The system that made the archive. Info-ZIP reads names of another one by tables of its own.
    private static let unix: UInt16 = 3 << 8
    /// A file, rw-r--r--.
    private static let attributes: UInt32 = 0o100644 << 16

    /// 4.5 with ZIP64 records.
    private func version(_ entry: Entry) -> UInt16 {
        max(entry.byteCount, entry.offset) >= limit32 ? 45 : 20
    }

    /// What a local header and a directory entry have in common.
    private func appendCommon(_ entry: Entry, extra: Int, to record: inout ZipRecord) {
        let isASCII = entry.name.allSatisfy { $0 < 0x80 }
        record.append(version(entry))
        record.append(isASCII ? 0 : 0x0800 as UInt16)  // bit 11: the name is UTF-8
        record.append(0 as UInt16)  // stored
        record.append(0 as UInt16)  // 0:00
        record.append(0x0021 as UInt16)  // 1980-01-01
        record.append(entry.crc)
        record.append(field32(entry.byteCount))
        record.append(field32(entry.byteCount))
        record.append(UInt16(entry.name.count))
        record.append(UInt16(extra))
    }

    private func appendEnd64(_ count: UInt64, _ size: UInt64, to record: inout ZipRecord) {
        let place = offset + size
        record.append(ZipLayout.directoryEnd64)
        record.append(UInt64(ZipLayout.directoryEnd64ByteCount - 12))
        record.append(45 as UInt16)
        record.append(45 as UInt16)
        record.append(0 as UInt64)  // numbers of disks
        for value in [count, count, size, offset] { record.append(value) }
        record.append(ZipLayout.directoryEnd64Locator)
        record.append(0 as UInt32)
        record.append(place)
        record.append(1 as UInt32)  // disks
    }
}

/// Little-endian fields, one after the other.
private struct ZipRecord {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ name: [UInt8]) { bytes += name }

    /// The extra field of ZIP64.
    mutating func appendExtra64(_ values: [UInt64]) {
        append(0x0001 as UInt16)
        append(UInt16(8 * values.count))
        for value in values { append(value) }
    }
}
