// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What one layer took.
struct BenchResult {
    let name: String
    let algorithm: String
    let milliseconds: Double
    let leastMilliseconds: Double
    let operations: Double
    /// Operations a second on registers alone.
    let peak: Double

    private var rate: Double { operations / milliseconds * 1e3 }

    static let heading = columns(
        "# layer", "algorithm", "median ms", "min ms", "GFLOP/s", "of peak")

    /// A line of the table.
    var line: String {
        Self.columns(
            name, algorithm, format(milliseconds, 4), format(leastMilliseconds, 4),
            format(rate / 1e9, 1), format(rate / peak, 3))
    }

    /// The same as one JSON object.
    var json: String {
        """
        {"name": \(quoted(name)), "algorithm": "\(algorithm)", "ms": \(format(milliseconds, 6)), \
        "min_ms": \(format(leastMilliseconds, 6)), "gflops": \(format(rate / 1e9, 3)), \
        "peak": \(format(peak / 1e9, 3)), "of_peak": \(format(rate / peak, 4))}
        """
    }

    /// A JSON string.
    private func quoted(_ text: String) -> String {
        guard let data = try? JSONEncoder().encode(text) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }

    private func format(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    private static func columns(
        _ name: String, _ algorithm: String, _ numbers: String...
    ) -> String {
        name.padding(toLength: max(name.count, 28), withPad: " ", startingAt: 0)
            + " " + algorithm.padding(toLength: 16, withPad: " ", startingAt: 0)
            + numbers.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }
}
