// SPDX-License-Identifier: Apache-2.0

/// Strings, numbers and words, by the letter of RFC 8259.
extension JSONDocument {
    /// The byte at `position`; 0 at the end.
    var current: UInt8 { byte(at: position) }

    private func byte(at position: Int) -> UInt8 { position < text.count ? text[position] : 0 }

    mutating func skipBlank() {
        while true {
            switch current {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// "x is expected, but the body ends here" or "..., not y".
    func fault(_ expected: String) -> Fault {
        Fault(offset: position, reason: "\(expected), not \(describe())")
    }

    /// What stands at `position`, in words.
    func describe() -> String {
        switch current {
        case _ where position >= text.count: "the end of the body"
        case UInt8(ascii: "'"): "a single quote (JSON strings have double quotes)"
        case 0x21...0x7E: "\"\(Character(Unicode.Scalar(current)))\""
        default: "byte 0x" + String(current, radix: 16)
        }
    }

    mutating func scalar() throws(Fault) {
        if hasReferences, current == UInt8(ascii: JSONCursor.reference) {
            position += 1
            return try digits()
        }
        if current == UInt8(ascii: "-") || isDigit(current) {
            if takeWord("-Infinity") { return }
            return try number()
        }
        let isWord =
            takeWord("true") || takeWord("false") || takeWord("null") || takeWord("NaN")
            || takeWord("Infinity")
        guard isWord else { throw fault("a value is expected") }
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard text.count - position >= count else { return false }
        for index in 0..<count where text[position + index] != word.utf8Start[index] {
            return false
        }
        position += count
        return true
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    private mutating func number() throws(Fault) {
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
            if isDigit(current) { throw fault("a number has no leading zero: its end is expected") }
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        guard current | 0x20 == UInt8(ascii: "e") else { return }
        position += 1
        if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
        try digits()
    }

    private mutating func digits() throws(Fault) {
        guard isDigit(current) else { throw fault("a digit is expected") }
        while isDigit(current) { position += 1 }
    }

    /// A string with its quotes.
    mutating func string() throws(Fault) {
        let opening = position
        position += 1
        while current != UInt8(ascii: "\"") {
            switch current {
            case _ where position >= text.count:
                throw Fault(offset: opening, reason: "a string that does not end")
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20:
                throw fault("a string holds no bare control character: an escape is expected")
            case 0x20..<0x80: position += 1
            default: try multibyte()
            }
        }
        position += 1
    }

    private mutating func escape() throws(Fault) {
        position += 1
        switch current {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard isDigit(current) || (0x61...0x66).contains(current | 0x20) else {
                    throw fault("a hexadecimal digit is expected")
                }
                position += 1
            }
        case _ where "\"\\/bfnrt".utf8.contains(current): position += 1
        default: throw fault("an escape (one of \"\\/bfnrtu) is expected")
        }
    }

    /// One character of more than one byte: no overlong form, no surrogate, none past U+10FFFF.
    private mutating func multibyte() throws(Fault) {
        let (count, second): (Int, ClosedRange<UInt8>) =
            switch current {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw Fault(offset: position, reason: "text that is not UTF-8")
            }
        let tail = (2..<max(2, count)).allSatisfy { 0x80...0xBF ~= byte(at: position + $0) }
        guard second ~= byte(at: position + 1), tail else {
            throw Fault(offset: position, reason: "text that is not UTF-8")
        }
        position += count
    }
}
