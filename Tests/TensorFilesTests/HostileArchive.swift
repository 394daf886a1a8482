// SPDX-License-Identifier: Apache-2.0

/// An archive whose directory is changed field by field; offsets as in APPNOTE.TXT 4.3.12 and 4.3.16.
struct HostileArchive {
    var bytes: [UInt8]

    enum Field: Int {
        case flags = 8
        case method = 10
        case crc = 16
        case compressedSize = 20
        case size = 24
    }

    enum EndField: Int {
        case entries = 10
        case directorySize = 12
        case directoryOffset = 16
        case commentLength = 20
    }

    /// Of numpy.savez or numpy.savez_compressed, which write no comment.
    init(fixture name: String) {
        bytes = TensorFileFixture.of("npz").first { $0.name == name }!.bytes
    }

    /// One entry, as its parts are given.
    init(_ name: String, _ data: [UInt8], method: UInt16 = 0, size: UInt32? = nil) {
        var common: [UInt8] = [20, 0, 0, 0]
        for field in [method, 0, 0x21] { common += field.littleEndianBytes }
        let count = UInt32(data.count)
        for field in [method == 0 ? checksum(data) : 0, count, size ?? count] {
            common += field.littleEndianBytes
        }
        common += UInt32(name.utf8.count).littleEndianBytes
        bytes = [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + data
        let directory = bytes.count
        bytes += [0x50, 0x4B, 1, 2, 20, 0] + common
        bytes += [UInt8](repeating: 0, count: 14) + Array(name.utf8)
        let length = bytes.count - directory
        bytes += [0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]
        for field in [length, directory] { bytes += UInt32(field).littleEndianBytes }
        bytes += [0, 0]
    }

    /// `savez` with something changed.
    static func of(_ name: String = "savez", _ change: (inout HostileArchive) -> Void) -> [UInt8] {
        var archive = HostileArchive(fixture: name)
        change(&archive)
        return archive.bytes
    }

    var end: Int { bytes.count - 22 }
    private var directory: Int { Int(UInt32(truncatingIfNeeded: number(at: end + 16, 4))) }

    private func number(at offset: Int, _ count: Int) -> Int {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Where an entry of the directory is.
    private func place(_ index: Int) -> Int {
        (0..<index).reduce(directory) { place, _ in
            place + 46 + number(at: place + 28, 2) + number(at: place + 30, 2)
                + number(at: place + 32, 2)
        }
    }

    mutating func write(_ value: some FixedWidthInteger, at offset: Int) {
        let field = value.littleEndianBytes
        bytes.replaceSubrange(offset..<offset + field.count, with: field)
    }

    mutating func set(_ field: Field, of entry: Int = 0, to value: some FixedWidthInteger) {
        write(value, at: place(entry) + field.rawValue)
    }

    mutating func set(_ field: EndField, to value: some FixedWidthInteger) {
        write(value, at: end + field.rawValue)
    }

    /// A name of as many bytes as before.
    mutating func rename(_ entry: Int, _ name: [UInt8]) {
        let start = place(entry) + 46
        bytes.replaceSubrange(start..<start + number(at: start - 18, 2), with: name)
    }

    mutating func rename(_ entry: Int, _ name: String) { rename(entry, Array(name.utf8)) }

    mutating func damageData(of entry: Int) {
        let local = number(at: place(entry) + 42, 4)
        let start = local + 30 + number(at: local + 26, 2) + number(at: local + 28, 2)
        bytes[start + number(at: place(entry) + 20, 4) - 1] ^= 1
    }

    /// The first entry of the directory again and again, each time the same bytes of the archive.
    mutating func repeatFirstEntry(_ count: Int, numbered: Bool) {
        let (start, end) = (place(0), place(1))
        let record = Array(bytes[self.end...])
        var copies: [UInt8] = []
        for index in 0..<count {
            var entry = Array(bytes[start..<end])
            if numbered {
                let digits = String(10_000 + index).utf8
                entry.replaceSubrange(46..<46 + digits.count, with: digits)
            }
            copies += entry
        }
        bytes = Array(bytes[..<start]) + copies + record
        set(.entries, to: UInt16(truncatingIfNeeded: count))
        write(UInt16(truncatingIfNeeded: count), at: self.end + 8)
        set(.directorySize, to: UInt32(copies.count))
    }

    /// Puts ZIP64's end records in front of the end.
    mutating func insertEnd64(entries: UInt64, size: UInt64, locatorOffset: UInt64? = nil) {
        let place = UInt64(end)
        let (start, record) = (UInt64(directory), Array(bytes[end...]))
        bytes.removeLast(22)
        bytes += [0x50, 0x4B, 6, 6] + UInt64(44).littleEndianBytes + [45, 0, 45, 0]
        bytes += UInt64(0).littleEndianBytes
        for value in [entries, entries, size, start] { bytes += value.littleEndianBytes }
        bytes += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + (locatorOffset ?? place).littleEndianBytes
        bytes += [1, 0, 0, 0] + record
    }
}

/// CRC-32 by its definition.
private func checksum(_ data: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in data {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}
