// SPDX-License-Identifier: Apache-2.0

/// Slow and obvious: reads an array by recursion and its numbers with the C library.
struct ReferenceReader<Scalar: TextNumber> {
    private(set) var numbers: [Scalar] = []
    private(set) var position = 0
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes + [0] }

    /// The shape, or nil if the text does not begin with a tensor.
    mutating func read(depth: Int = 0) -> [Int]? {
        skipBlanks()
        guard take("[") else { return readNumber() ? [] : nil }
        guard depth < 8 else { return nil }
        skipBlanks()
        if take("]") { return [0] }
        var items = 0
        var itemShape: [Int]?
        repeat {
            guard let shape = read(depth: depth + 1), itemShape == nil || itemShape == shape
            else { return nil }
            itemShape = shape
            items += 1
            skipBlanks()
        } while take(",")
        return take("]") ? [items] + itemShape! : nil
    }

    private mutating func readNumber() -> Bool {
        for (token, value) in [
            ("NaN", Scalar.nan), ("Infinity", .infinity), ("-Infinity", -.infinity),
        ] {
            if take(token) || take("\"\(token)\"") {
                numbers.append(value)
                return true
            }
        }
        let start = position
        _ = take("-")
        let zero = take("0")
        guard takeDigits() != zero else { return false }
        if take("."), !takeDigits() { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            if !takeDigits() { return false }
        }
        let value = Scalar.reference(String(decoding: bytes[start..<position], as: UTF8.self))
        numbers.append(value)
        return value.isFinite
    }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func takeDigits() -> Bool {
        let start = position
        while (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position > start
    }

    private mutating func skipBlanks() {
        while [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }
}
