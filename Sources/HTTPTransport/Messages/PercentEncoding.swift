// SPDX-License-Identifier: Apache-2.0

import Glibc

/// `%41` is `A` (RFC 3986, section 2.1).
enum PercentEncoding {
    /// The text that the bytes stand for; `nil` for a broken escape, a NUL or what is no UTF-8.
    static func decoded(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.contains(UInt8(ascii: "%")) else {
            return String(validating: bytes, as: UTF8.self)
        }
        var plain: [UInt8] = []
        var rest = bytes[...]
        while let byte = next(&rest) { plain.append(byte) }
        guard rest.isEmpty, !plain.contains(0) else { return nil }
        return String(validating: plain, as: UTF8.self)
    }

    /// Takes one byte, escaped or plain, from the front; `nil` at the end and before a broken
    /// escape.
    static func next<Bytes: Collection<UInt8>>(_ rest: inout Bytes) -> UInt8?
    where Bytes.SubSequence == Bytes {
        guard let first = rest.first else { return nil }
        if first != UInt8(ascii: "%") { return rest.popFirst() }
        let digits = rest.dropFirst().prefix(2)
        guard digits.count == 2, let high = digits.first.flatMap(digit),
            let low = digits.dropFirst().first.flatMap(digit)
        else { return nil }
        rest = rest.dropFirst(3)
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The bytes of C's text, without its NUL.
    init(cString text: UnsafePointer<CChar>) {
        self = UnsafeRawBufferPointer(UnsafeBufferPointer<CChar>(start: text, count: strlen(text)))
            .assumingMemoryBound(to: UInt8.self)
    }
}
