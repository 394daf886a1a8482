// SPDX-License-Identifier: Apache-2.0

/// A JSON string where it stands in the request: valid as long as the request's body is.
struct JSONText {
    /// What stands between the quotes, escapes and all.
    let bytes: UnsafeBufferPointer<UInt8>
    let hasEscapes: Bool
    /// Where the opening quote is in the document.
    let offset: Int

    /// Whether the string, its escapes resolved, is `name`.
    func equals(_ name: StaticString) -> Bool {
        if hasEscapes {
            // An escape takes six bytes at most: a longer text is another one.
            return bytes.count <= 6 * name.utf8CodeUnitCount
                && unescaped.elementsEqual(name.description.utf8)
        }
        return bytes.count == name.utf8CodeUnitCount
            && sameBytes(bytes.baseAddress!, name.utf8Start, bytes.count)
    }

    /// The string with its escapes resolved; a lone surrogate becomes U+FFFD.
    var decoded: String {
        guard hasEscapes else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// The beginning of the string, for a message: as much as messages show.
    var excerpt: String {
        guard bytes.count > 400 else { return decoded }
        let beginning = UnsafeBufferPointer(rebasing: bytes[..<400])
        return JSONText(bytes: beginning, hasEscapes: hasEscapes, offset: offset).decoded
    }

    /// The UTF-8 bytes with escapes resolved.
    var unescaped: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var units: [UInt16] = []  // a run of \u escapes: surrogate pairs are two of them
        var index = 0
        while index < bytes.count {
            if let unit = Self.unicodeEscape(bytes, at: index) {
                units.append(unit)
                index += 6
                continue
            }
            Self.flush(&units, into: &result)
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
                result.append(Self.simpleEscape(bytes[index + 1]))
                index += 2
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        Self.flush(&units, into: &result)
        return result
    }

    private static func flush(_ units: inout [UInt16], into result: inout [UInt8]) {
        guard !units.isEmpty else { return }
        result += Array(String(decoding: units, as: UTF16.self).utf8)
        units = []
    }

    private static func simpleEscape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        default: letter
        }
    }

    /// The value of `\uXXXX` at `index`, if that is what stands there.
    private static func unicodeEscape(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt16?
    {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { return nil }
        var value: UInt16 = 0
        for digit in text[(index + 2)..<(index + 6)] {
            guard let nibble = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            value = value << 4 | UInt16(nibble)
        }
        return value
    }
}

extension JSONCursor {
    /// A string; grammar inside it is only looked at where somebody asks what it says.
    mutating func readText() throws(RequestFailure) -> JSONText {
        skipBlank()
        let opening = offset
        guard next == UInt8(ascii: "\"") else { throw .malformed(at: opening) }
        let first = at + 1
        guard var quote = firstByte("\"", from: first, to: end) else {
            throw .malformed(at: opening)
        }
        let hasEscapes = firstByte("\\", from: first, to: quote) != nil
        if hasEscapes { quote = try closingQuote(from: first) }
        let bytes = UnsafeBufferPointer(start: first, count: quote - first)
        move(to: quote + 1)
        return JSONText(bytes: bytes, hasEscapes: hasEscapes, offset: opening)
    }

    /// The first quote that no backslash escapes.
    private func closingQuote(
        from first: UnsafePointer<UInt8>
    ) throws(RequestFailure) -> UnsafePointer<UInt8> {
        var position = first
        while position < end, position.pointee != UInt8(ascii: "\"") {
            position += position.pointee == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < end else { throw .malformed(at: offset) }
        return position
    }
}
