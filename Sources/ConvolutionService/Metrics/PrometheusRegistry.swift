// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Synchronization

/// A backend of swift-metrics that keeps numbers in memory and prints them for Prometheus.
///
/// Labels of metrics are Prometheus names already. A `Counter` becomes a counter, a `Timer` a
/// histogram in seconds; recorders and meters become gauges that keep the last value.
final class PrometheusRegistry: MetricsFactory, Sendable {
    /// What one series of a family counts in.
    enum Cell: Sendable {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)
    }

    struct Series: Sendable {
        let labels: [(String, String)]
        let cell: Cell
    }

    /// The series of one name, in the order in which they were made.
    struct Family: Sendable {
        let name: String
        var series: [Series] = []
    }

    private let families = Mutex<[Family]>([])
    private let help: [String: String]

    /// `help`: one line for each family's name.
    init(help: [String: String]) { self.help = help }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let cell = CounterCell()
        add(.counter(cell), label, dimensions)
        return cell
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let cell = HistogramCell()
        add(.histogram(cell), label, dimensions)
        return cell
    }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let cell = GaugeCell()
        add(.gauge(cell), label, dimensions)
        return cell
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}

    private func add(_ cell: Cell, _ name: String, _ labels: [(String, String)]) {
        let series = Series(labels: labels, cell: cell)
        families.withLock { families in
            if let index = families.firstIndex(where: { $0.name == name }) {
                families[index].series.append(series)
            } else {
                families.append(Family(name: name, series: [series]))
            }
        }
    }

    /// Everything counted so far, in text format 0.0.4.
    func text() -> String {
        var text = PrometheusText(help: help)
        for family in families.withLock({ $0 }) { text.append(family) }
        return text.result
    }
}
