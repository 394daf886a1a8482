// SPDX-License-Identifier: Apache-2.0

/// The part of Python's grammar that NumPy's headers are written in: one dictionary of strings,
/// booleans and tuples of whole numbers; `3L` and `u'descr'` as Python 2 wrote them.
///
/// Source: numpy/lib/format.py, `_read_array_header`, which hands the header to `ast.literal_eval`.
struct PythonLiteral {
    private var cursor: ByteCursor
    private let tensor: String?

    init(_ bytes: UnsafeRawBufferPointer, tensor: String?) {
        cursor = ByteCursor(bytes)
        self.tensor = tensor
    }

    /// Walks `{'key': value, ...}`; `member` reads each value. Only blanks may follow it.
    mutating func dictionary(
        _ member: (inout PythonLiteral, String) throws(TensorFileError) -> Void
    ) throws(TensorFileError) {
        try expect("{", "a dictionary such as {'descr': '<f4', ...}")
        while !take("}") {
            let key = try string("a key in quotes")
            try expect(":", "\":\" behind a key")
            try member(&self, key)
            if take(",") { continue }
            try expect("}", "\",\" or \"}\"")
            break
        }
        cursor.skipBlanks()
        if cursor.next != nil { throw expected("the end of the header, or blanks up to it,") }
    }

    /// The value of `descr`: a string. A list describes records, and is refused.
    mutating func descr() throws(TensorFileError) -> String {
        cursor.skipBlanks()
        if let next = cursor.next, [UInt8]("[(".utf8).contains(next) {
            throw TensorFileError(
                tensor: tensor,
                "descr describes records of several fields; save each field as an array of its own")
        }
        return try string("the descr, a string such as '<f4',")
    }

    mutating func boolean(_ what: String) throws(TensorFileError) -> Bool {
        cursor.skipBlanks()
        if cursor.take(word: "True") { return true }
        if cursor.take(word: "False") { return false }
        throw expected("True or False for \(what)")
    }

    /// `()`, `(3,)`, `(2, 3)`, `(2, 3,)`
    mutating func tuple(_ what: String, limit: Int) throws(TensorFileError) -> [Int] {
        try expect("(", "\(what), a tuple such as (2, 3),")
        var values: [Int] = []
        while !take(")") {
            guard values.count < limit else {
                throw error("\(what) has more than \(limit) sizes; no such tensor is computed")
            }
            values.append(try integer(what))
            if take(",") { continue }
            try expect(")", "\",\" or \")\"")
            if values.count == 1 {
                throw error(
                    "\(what) (\(values[0])) is a number in Python; a tuple is (\(values[0]),)")
            }
            break
        }
        return values
    }

    private mutating func integer(_ what: String) throws(TensorFileError) -> Int {
        cursor.skipBlanks()
        guard let value = cursor.takeDigits() else {
            throw cursor.next == UInt8(ascii: "-")
                ? error("\(what) has a negative size; sizes are 0 or more")
                : expected("a whole number in \(what)")
        }
        if value == .max { throw error("\(what) has a size of 2^63 - 1 or more; it is damaged") }
        if let next = cursor.next, [UInt8](".eE".utf8).contains(next) {
            throw error("\(what) has a fraction or an exponent; sizes are whole numbers")
        }
        _ = cursor.take("L")
        return value
    }

    private mutating func string(_ what: String) throws(TensorFileError) -> String {
        cursor.skipBlanks()
        _ = cursor.take("u")
        guard let quote = cursor.next, [UInt8]("'\"".utf8).contains(quote) else {
            throw expected(what)
        }
        cursor.advance()
        let start = cursor.offset
        cursor.skip { $0 >= 0x20 && $0 != quote && $0 != UInt8(ascii: "\\") }
        let text = UnsafeRawBufferPointer(rebasing: cursor.bytes[start..<cursor.offset])
        guard cursor.next == quote else { throw expected("the end of a string of printable text") }
        cursor.advance()
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        cursor.skipBlanks()
        return cursor.take(byte)
    }

    private mutating func expect(_ byte: Unicode.Scalar, _ what: String) throws(TensorFileError) {
        guard take(byte) else { throw expected(what) }
    }

    private func expected(_ what: String) -> TensorFileError {
        error("\(what) is expected, not \(cursor.description)")
    }

    private func error(_ reason: String) -> TensorFileError {
        TensorFileError(tensor: tensor, "at byte \(cursor.offset) of the header: \(reason)")
    }
}
