// SPDX-License-Identifier: Apache-2.0

import CTensorText

/// Small values: integers, lists of them, words.
extension JSONCursor {
    /// An integer without point or exponent, as PyTorch wants its parameters.
    mutating func readInteger() throws(RequestFailure) -> Int {
        skipBlank()
        let start = at
        var position = start
        if position.pointee == UInt8(ascii: "-") { position += 1 }
        let first = position
        var magnitude = 0
        while position.pointee &- UInt8(ascii: "0") <= 9, position - first < 19 {
            magnitude = magnitude &* 10 &+ Int(position.pointee &- UInt8(ascii: "0"))
            position += 1
        }
        if position - first > 18 {
            throw .value(at: offset, "\(excerpt()) is larger than any size can be")
        }
        guard position > first, isEndOfNumber(position.pointee),
            position - first == 1 || first.pointee != UInt8(ascii: "0")
        else { throw notAnInteger() }
        move(to: position)
        return start == first ? magnitude : -magnitude
    }

    private func isEndOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): false
        case UInt8(ascii: "0")...UInt8(ascii: "9"): false
        default: true
        }
    }

    private func notAnInteger() -> RequestFailure {
        guard describeNext() == "a number" else {
            return .value(at: offset, "an integer is expected, not \(describeNext())")
        }
        let text = excerpt()
        guard let value = Double(text), value.rounded() == value, abs(value) < 1e15 else {
            return .value(at: offset, "\(text) is not an integer; use a whole number such as 2")
        }
        return .value(
            at: offset, "\(text) is written as a fraction; integers have no point: \(Int(value))")
    }

    /// The number that stands here, as it was sent.
    func excerpt() -> String {
        let ends = Set(",]} \n\r\t\0".utf8)
        let text = UnsafeBufferPointer(start: at, count: min(end - at, 48))
        return String(decoding: text.prefix { !ends.contains($0) }, as: UTF8.self)
    }

    /// An integer, or a list of them.
    mutating func readIntegers() throws(RequestFailure) -> [Int] {
        skipBlank()
        if next == UInt8(ascii: "[") {
            let opening = offset
            let values = try readIntegerList()
            if values.isEmpty { throw .value(at: opening, Self.emptyReason) }
            return values
        }
        guard describeNext() == "a number" else {
            throw .value(
                at: offset, "an integer or a list of integers is expected, not \(describeNext())")
        }
        return [try readInteger()]
    }

    private static let emptyReason =
        "[] has 0 values; send one integer, or one for each spatial dimension, such as [2, 2]"

    /// A list of integers, as many as a shape may have.
    mutating func readIntegerList() throws(RequestFailure) -> [Int] {
        skipBlank()
        guard next == UInt8(ascii: "[") else {
            throw .value(at: offset, "a list of integers is expected, not \(describeNext())")
        }
        let opening = offset
        var values: [Int] = []
        try readList { cursor throws(RequestFailure) in
            guard values.count < 16 else {
                throw .value(at: opening, "more than 16 values; one per dimension is expected")
            }
            values.append(try cursor.readInteger())
        }
        return values
    }

    /// `true` or `false`.
    mutating func readBool() throws(RequestFailure) -> Bool {
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw .value(at: offset, "true or false is expected, not \(describeNext())")
    }

    /// A finite number.
    mutating func readNumber() throws(RequestFailure) -> Double {
        skipBlank()
        guard describeNext() == "a number" else {
            throw .value(at: offset, "a number is expected, not \(describeNext())")
        }
        var value = 0.0
        let text = UnsafeRawPointer(at).assumingMemoryBound(to: CChar.self)
        let reading = tensor_text_read_float64(text, end - at, &value, 1)
        guard reading.code == .ok || reading.code == .overflow else { throw .malformed(at: offset) }
        guard reading.code == .ok, value.isFinite else {
            throw .value(at: offset, "\(excerpt()) is not a finite number")
        }
        advance(by: reading.position)
        return value
    }

    /// One of the words that `Word` is spelled with; `what` it is a name of.
    mutating func readWord<Word: RequestField>(
        _ what: String, _: Word.Type
    ) throws(RequestFailure) -> Word {
        skipBlank()
        guard next == UInt8(ascii: "\"") else {
            let names = Word.names().map { "\"\($0)\"" }.joined(separator: " or ")
            throw .value(at: offset, "\(names) is expected, not \(describeNext())")
        }
        let text = try readText()
        var index = 0
        while let word = Word(rawValue: index) {
            if text.equals(word.name) { return word }
            index += 1
        }
        throw .value(
            at: text.offset,
            Suggestion.unknown(what, text.excerpt, known: Word.names(), kind: "\(what)s")
                + Word.hint)
    }
}
