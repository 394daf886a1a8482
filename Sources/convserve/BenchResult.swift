// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What one layer took with one algorithm.
struct BenchResult {
    let name: String
    let algorithm: String
    let milliseconds: Double
    let leastMilliseconds: Double
    let operations: Double
    /// Operations a second on registers alone.
    let peak: Double
    /// Whether the engine would have chosen the algorithm; nil where there was no choice.
    let isChosen: Bool?
    let error: SampledError?

    private var rate: Double { operations / milliseconds * 1e3 }

    static func heading(check: Bool) -> String {
        BenchText.columns(
            "# layer", "algorithm",
            ["median ms", "min ms", "GFLOP/s", "of peak"]
                + (check ? ["max error", "rms error"] : []))
    }

    /// A line of the table; a star behind the algorithm that would have been chosen.
    var line: String {
        BenchText.columns(
            name, algorithm + (isChosen == true ? " *" : ""),
            [
                BenchText.fixed(milliseconds, 4), BenchText.fixed(leastMilliseconds, 4),
                BenchText.fixed(rate / 1e9, 1), BenchText.fixed(rate / peak, 3),
            ] + (error.map { [BenchText.short($0.largest), BenchText.short($0.rms)] } ?? []))
    }

    /// The same as one JSON object; an error that is not a number is null.
    var json: String {
        var fields = [
            "\"name\": \(BenchText.quoted(name))", "\"algorithm\": \"\(algorithm)\"",
            "\"ms\": \(BenchText.fixed(milliseconds, 6))",
            "\"min_ms\": \(BenchText.fixed(leastMilliseconds, 6))",
            "\"gflops\": \(BenchText.fixed(rate / 1e9, 3))",
            "\"peak\": \(BenchText.fixed(peak / 1e9, 3))",
            "\"of_peak\": \(BenchText.fixed(rate / peak, 4))",
        ]
        if let isChosen { fields.append("\"chosen\": \(isChosen)") }
        if let error {
            fields.append("\"max_error\": \(BenchText.number(error.largest))")
            fields.append("\"rms_error\": \(BenchText.number(error.rms))")
        }
        return "{" + fields.joined(separator: ", ") + "}"
    }
}
