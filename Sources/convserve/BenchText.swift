// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How tables and JSON lines of `bench` spell things.
enum BenchText {
    /// A JSON string.
    static func quoted(_ text: String) -> String {
        guard let data = try? JSONEncoder().encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }

    /// A JSON number; null for what is none.
    static func number(_ value: Double) -> String {
        value.isFinite ? String(format: "%.4e", value) : "null"
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    static func short(_ value: Double) -> String { String(format: "%.1e", value) }

    /// One line of a table.
    static func columns(_ name: String, _ algorithm: String, _ numbers: [String]) -> String {
        name.padding(toLength: max(name.count, 28), withPad: " ", startingAt: 0)
            + " " + algorithm.padding(toLength: 16, withPad: " ", startingAt: 0)
            + numbers.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }
}
