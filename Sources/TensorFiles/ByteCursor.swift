// SPDX-License-Identifier: Apache-2.0

/// A place in bytes. Behind the last of them ``next`` is nil, and nothing is consumed.
struct ByteCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// Consumes up to `count` bytes.
    mutating func advance(by count: Int = 1) { offset = min(offset + count, bytes.count) }

    /// Consumes `byte` if it comes next.
    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        offset += 1
        return true
    }

    /// Consumes the word if it comes next, whole.
    mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        let letters = UnsafeRawBufferPointer(start: word.utf8Start, count: count)
        guard bytes.count - offset >= count, bytes[offset..<offset + count].elementsEqual(letters)
        else { return false }
        offset += count
        return true
    }

    mutating func skip(while isSkipped: (UInt8) -> Bool) {
        while let next, isSkipped(next) { offset += 1 }
    }

    /// JSON's blanks, which are Python's but for the form feed.
    mutating func skipBlanks() {
        skip { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    }

    /// Digits as a number; nil and nothing consumed where there are none, `Int.max` and all of them
    /// consumed where they say more than that.
    mutating func takeDigits() -> Int? {
        guard let first = next, isDigit(first) else { return nil }
        var value = 0
        var isTooLarge = false
        while let digit = next, isDigit(digit) {
            let (tenfold, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int(digit &- UInt8(ascii: "0")))
            isTooLarge = isTooLarge || over || carry
            value = isTooLarge ? .max : sum
            offset += 1
        }
        return value
    }

    /// What comes next, for a message.
    var description: String {
        guard let next else { return "the end" }
        return next > 0x20 && next < 0x7F
            ? "\"\(Character(Unicode.Scalar(next)))\"" : "byte 0x\(String(next, radix: 16))"
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

extension UnsafeRawBufferPointer {
    /// A little-endian integer; the caller has seen that its bytes are there.
    func littleEndian<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer {
        Integer(littleEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }
}
