// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Texts like those sent, and changes to them.
enum RandomText {
    static func array(_ random: inout SeededGenerator) -> [UInt8] {
        let shape = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            Int.random(in: 1...4, using: &random)
        }
        let separator = [",", ", ", " ,\n"].randomElement(using: &random)!
        func list(_ shape: ArraySlice<Int>) -> String {
            guard let length = shape.first else { return number(&random) }
            let items = (0..<length).map { _ in list(shape.dropFirst()) }
            return "[" + items.joined(separator: separator) + "]"
        }
        return Array(list(shape[...]).utf8)
    }

    /// Spellings that take every path: short, 17 digits, long fractions, exponents, tokens.
    static func number(_ random: inout SeededGenerator) -> String {
        func digits(_ range: ClosedRange<Int>) -> String {
            (0..<Int.random(in: range, using: &random)).map { _ in
                String(Int.random(in: 0...9, using: &random))
            }.joined()
        }
        let sign = Bool.random(using: &random) ? "-" : ""
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return sign + String(Int.random(in: 0..<300, using: &random))
        case 1: return sign + "0." + digits(1...30)
        case 2: return sign + "1" + digits(0...11) + "." + digits(1...25)
        case 3: return sign + "7" + digits(0...30)
        case 4:
            return sign + "3." + digits(1...18) + "e" + ["", "-", "+"].randomElement(
                using: &random)! + digits(1...3)
        case 5:
            return sign + "0."
                + String(repeating: "0", count: Int.random(in: 1...40, using: &random))
                + digits(1...20)
        case 6: return Double(bitPattern: random.next()).magnitude.description
        default:
            return ["NaN", "\"NaN\"", "-Infinity", "\"Infinity\"", "null"].randomElement(
                using: &random)!
        }
    }

    static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let alphabet = Array("[[]],,  0123456789..--++eE\"NInulatrf{}:\u{0}\n".utf8)
        let place = Int.random(in: 0..<bytes.count + 1, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.insert(alphabet.randomElement(using: &random)!, at: place)
        case 1 where place < bytes.count: bytes.remove(at: place)
        case 2 where place < bytes.count: bytes[place] = alphabet.randomElement(using: &random)!
        default: bytes.removeLast(min(Int.random(in: 0...2, using: &random), bytes.count))
        }
    }
}
