// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The magnitude of a decimal: 0.d1 d2 d3 ... · 10^exponent, d1 and the last digit greater than 0.
struct ExactDecimal: Comparable {
    let exponent: Int
    let digits: [UInt8]

    init(_ text: String) {
        let parts = text.lowercased().split(separator: "e")
        let mantissa = parts[0].drop { $0 == "-" }
        let whole = mantissa.prefix { $0 != "." }
        let all = mantissa.utf8.filter { $0 != UInt8(ascii: ".") }
        let significant = all.drop { $0 == UInt8(ascii: "0") }
        digits = significant.reversed().drop { $0 == UInt8(ascii: "0") }.reversed()
        exponent =
            whole.count - (all.count - significant.count) + (parts.count > 1 ? Int(parts[1])! : 0)
    }

    /// All digits of a double; the C library prints them exactly. Those of 16 bits have at most 100.
    init(_ double: Double) { self.init(String(format: "%.130e", double)) }

    static func < (a: Self, b: Self) -> Bool {
        a.exponent == b.exponent
            ? a.digits.lexicographicallyPrecedes(b.digits) : a.exponent < b.exponent
    }
}
