// SPDX-License-Identifier: Apache-2.0

/// JSON as a safetensors header has it: objects, lists, strings and whole numbers (RFC 8259).
///
/// Goals, in order: nothing that is not JSON is taken for JSON; memory only for what is kept; words
/// for what is wrong. Nothing nests but what the caller asks for, so there is no depth to limit.
struct HeaderText {
    private var cursor: ByteCursor

    init(_ bytes: UnsafeRawBufferPointer) { cursor = ByteCursor(bytes) }

    /// Walks `{"name": value, ...}`; `member` reads each value and holds the names apart.
    mutating func object(
        _ member: (inout HeaderText, String) throws(TensorFileError) -> Void
    ) throws(TensorFileError) {
        try expect("{", "an object")
        if take("}") { return }
        repeat {
            let name = try string("a name in quotes")
            try expect(":", "\":\" behind a name")
            try member(&self, name)
        } while take(",")
        try expect("}", "\",\" or \"}\"")
    }

    /// `[0, 1, ...]` of at most `limit` whole numbers.
    mutating func integers(_ what: String, limit: Int) throws(TensorFileError) -> [Int] {
        try expect("[", "\(what), a list of whole numbers such as [2, 3],")
        var values: [Int] = []
        if take("]") { return values }
        repeat {
            guard values.count < limit else {
                throw error("\(what) has more than \(limit) numbers; no such tensor is computed")
            }
            values.append(try integer(what))
        } while take(",")
        try expect("]", "\",\" or \"]\"")
        return values
    }

    /// A whole number from 0 to 2^63 - 1.
    private mutating func integer(_ what: String) throws(TensorFileError) -> Int {
        cursor.skipBlanks()
        let start = cursor.offset
        guard let value = cursor.takeDigits() else {
            throw cursor.next == UInt8(ascii: "-")
                ? error("\(what) has a negative number; sizes and offsets are 0 or more")
                : expected("a whole number in \(what)")
        }
        if cursor.bytes[start] == UInt8(ascii: "0"), cursor.offset > start + 1 {
            throw error("\(what) has a number with a leading 0, which is no JSON")
        }
        if let next = cursor.next, [UInt8](".eE".utf8).contains(next) {
            throw error(
                "\(what) has a fraction or an exponent; sizes and offsets are whole numbers")
        }
        if value == .max { throw error("\(what) has a number of 2^63 - 1 or more; it is damaged") }
        return value
    }

    /// Nothing but blanks may follow.
    mutating func expectEnd() throws(TensorFileError) {
        cursor.skipBlanks()
        if cursor.next != nil { throw expected("the end of the header, or blanks up to it,") }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        cursor.skipBlanks()
        return cursor.take(byte)
    }

    private mutating func expect(
        _ byte: Unicode.Scalar, _ what: String
    ) throws(TensorFileError) {
        guard take(byte) else { throw expected(what) }
    }

    private func expected(_ what: String) -> TensorFileError {
        error("\(what) is expected, not \(cursor.description)")
    }

    private func error(_ reason: String) -> TensorFileError {
        TensorFileError("at byte \(cursor.offset) of the header: \(reason)")
    }
}

// MARK: - Strings

extension HeaderText {
    /// A string, its escapes resolved.
    mutating func string(_ what: String) throws(TensorFileError) -> String {
        try expect("\"", what)
        let start = cursor.offset
        cursor.skip { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        let plain = UnsafeRawBufferPointer(rebasing: cursor.bytes[start..<cursor.offset])
        if cursor.take("\"") {
            return try decoded(plain.bindMemory(to: UInt8.self), start)
        }
        var units = Array(plain)
        while !cursor.take("\"") { try appendUnit(to: &units) }
        return try units.withUnsafeBufferPointer { bytes throws(TensorFileError) in
            try decoded(bytes, start)
        }
    }

    private func decoded(
        _ units: UnsafeBufferPointer<UInt8>, _ start: Int
    ) throws(TensorFileError) -> String {
        guard let text = String(validating: units, as: UTF8.self) else {
            throw TensorFileError(
                "the string at byte \(start) of the header is not UTF-8; names have to be")
        }
        return text
    }

    private mutating func appendUnit(to units: inout [UInt8]) throws(TensorFileError) {
        guard let next = cursor.next else { throw expected("the end of a string") }
        guard next >= 0x20 else { throw error("a control character in a string; write \\u00XX") }
        cursor.advance()
        if next != UInt8(ascii: "\\") {
            units.append(next)
        } else {
            units.append(contentsOf: UTF8.encode(try escaped())!)
        }
    }

    /// Behind a backslash.
    private mutating func escaped() throws(TensorFileError) -> Unicode.Scalar {
        guard let letter = cursor.next else { throw expected("the end of a string") }
        cursor.advance()
        switch Unicode.Scalar(letter) {
        case "\"", "\\", "/": return Unicode.Scalar(letter)
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try escapedScalar()
        default: throw error("\\\(excerpt(String(Unicode.Scalar(letter)))) is no escape in JSON")
        }
    }

    /// Behind `\u`: four digits, twice for what is above U+FFFF.
    private mutating func escapedScalar() throws(TensorFileError) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, cursor.take("\\"), cursor.take("u") {
            let second = try hexadecimal()
            if 0xDC00...0xDFFF ~= second,
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw error("half of a surrogate pair in a string; write both halves, or the character")
    }

    private mutating func hexadecimal() throws(TensorFileError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let next = cursor.next, let digit = Character(Unicode.Scalar(next)).hexDigitValue
            else { throw expected("four hexadecimal digits behind \\u") }
            value = value << 4 | UInt32(digit)
            cursor.advance()
        }
        return value
    }
}
