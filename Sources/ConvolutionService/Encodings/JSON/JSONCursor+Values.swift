// SPDX-License-Identifier: Apache-2.0

/// Values whose names are not known beforehand.
extension JSONCursor {
    /// A string, its escapes resolved.
    mutating func readString() throws(RequestFailure) -> String {
        skipBlank()
        guard next == UInt8(ascii: "\"") else {
            throw .value(at: offset, "a string is expected, not \(describeNext())")
        }
        return try readText().decoded
    }

    /// An object of any names; `read` consumes each value. A member that is `null` counts as absent.
    mutating func readMembers(
        _ read: (inout JSONCursor, String) throws(RequestFailure) -> Void
    ) throws(RequestFailure) {
        skipBlank()
        guard next == UInt8(ascii: "{") else {
            throw .value(at: offset, "an object is expected, not \(describeNext())")
        }
        advance()
        if take("}") { return }
        repeat {
            let name = try readText()
            try expect(":")
            if takeWord("null") { continue }
            try read(&self, name.decoded)
        } while take(",")
        try expect("}")
    }

    /// Passes a value by and returns its text. The value may be no JSON inside: who uses the text finds
    /// that out.
    mutating func skipValue() throws(RequestFailure) -> UnsafeBufferPointer<UInt8> {
        skipBlank()
        let first = at
        var depth = 0
        repeat {
            skipBlank()
            switch next {
            case UInt8(ascii: "\""): _ = try readText()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                advance()
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                advance()
            case UInt8(ascii: ","), UInt8(ascii: ":"): advance()
            default: try skipScalar()
            }
        } while depth > 0
        guard depth == 0, at > first else { throw .malformed(at: offset) }
        return UnsafeBufferPointer(start: first, count: at - first)
    }

    private mutating func skipScalar() throws(RequestFailure) {
        let first = at
        while Self.isScalar(next) { advance() }
        guard at > first else { throw .malformed(at: offset) }
    }

    /// No blank, and none of `,:[]{}"`.
    private static func isScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x22, 0x2C, 0x3A, 0x5B, 0x5D, 0x7B, 0x7D: false
        default: true
        }
    }

    /// The value of a parameter as JSON; what a string says is read like an item of a query, for those
    /// who can only send strings ("2,2").
    mutating func readParameterText() throws(RequestFailure) -> String {
        skipBlank()
        if next == UInt8(ascii: "\"") { return ParameterText.json(try readString()) }
        let place = offset
        let text = String(decoding: try skipValue(), as: UTF8.self)
        guard ParameterText.isJSON(text) else { throw .malformed(at: place) }
        return text
    }
}
