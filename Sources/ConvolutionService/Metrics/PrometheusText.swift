// SPDX-License-Identifier: Apache-2.0

/// Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
struct PrometheusText {
    private let help: [String: String]
    private(set) var result = ""

    init(help: [String: String]) { self.help = help }

    mutating func append(_ family: PrometheusRegistry.Family) {
        guard let first = family.series.first else { return }
        header(family.name, type: Self.type(of: first.cell))
        for series in family.series { append(series, family.name) }
    }

    /// A family of one series without labels.
    mutating func appendGauge(_ name: String, _ value: Int, labels: [(String, String)] = []) {
        header(name, type: "gauge")
        line(name, labels, "\(value)")
    }

    private static func type(of cell: PrometheusRegistry.Cell) -> String {
        switch cell {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private mutating func header(_ name: String, type: String) {
        if let help = help[name] { result += "# HELP \(name) \(help)\n" }
        result += "# TYPE \(name) \(type)\n"
    }

    private mutating func append(_ series: PrometheusRegistry.Series, _ name: String) {
        switch series.cell {
        case .counter(let cell): line(name, series.labels, "\(cell.value)")
        case .gauge(let cell): line(name, series.labels, "\(cell.value)")
        case .histogram(let cell): append(cell, name, series.labels)
        }
    }

    private mutating func append(
        _ cell: HistogramCell, _ name: String, _ labels: [(String, String)]
    ) {
        let counts = cell.cumulativeCounts
        let bounds = HistogramCell.bounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, counts) {
            line(name + "_bucket", labels + [("le", bound)], "\(count)")
        }
        line(name + "_sum", labels, "\(cell.sumSeconds)")
        line(name + "_count", labels, "\(counts[counts.count - 1])")
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
        let list = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        result += name + (list.isEmpty ? "" : "{\(list)}") + " " + value + "\n"
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
