// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import HTTPTransport
import Synchronization

/// What is counted of requests.
///
/// The handles of one operation and status are made once; a request costs one lock, one look-up and
/// four additions (0.2 µs).
final class ServiceMetrics: Sendable {
    private struct Key: Hashable {
        let operation: String
        let status: Int
    }

    private struct Handles {
        let requests: Counter
        let duration: Timer
    }

    private let registry = PrometheusRegistry(help: ServiceMetrics.help)
    private let handles = Mutex<[Key: Handles]>([:])
    private let requestBytes: Counter
    private let responseBytes: Counter

    init() {
        requestBytes = Counter(label: "convserve_request_bytes_total", factory: registry)
        responseBytes = Counter(label: "convserve_response_bytes_total", factory: registry)
    }

    /// Counts one answered request.
    func record(
        operation: String, status: Int, nanoseconds: Int64, requestBytes: Int, responseBytes: Int
    ) {
        let handles = handles(for: Key(operation: operation, status: status))
        handles.requests.increment()
        handles.duration.recordNanoseconds(nanoseconds)
        self.requestBytes.increment(by: requestBytes)
        self.responseBytes.increment(by: responseBytes)
    }

    private func handles(for key: Key) -> Handles {
        handles.withLock { known in
            if let found = known[key] { return found }
            let labels = [("operation", key.operation), ("status", "\(key.status)")]
            let made = Handles(
                requests: Counter(
                    label: "convserve_requests_total", dimensions: labels, factory: registry),
                duration: Timer(
                    label: "convserve_request_duration_seconds", dimensions: labels,
                    factory: registry))
            known[key] = made
            return made
        }
    }

    /// The page of `/metrics`. What the transport counts is asked for now, not recorded.
    func text(_ transport: ServerStatus, labels: [(String, String)]) -> String {
        var gauges = PrometheusText(help: Self.help)
        gauges.appendGauge("convserve_info", 1, labels: labels)
        gauges.appendGauge("convserve_requests_in_flight", transport.inFlight)
        gauges.appendGauge("convserve_requests_waiting", transport.waiting)
        gauges.appendGauge("convserve_open_connections", transport.openConnections)
        gauges.appendGauge("convserve_body_bytes_in_flight", transport.bodyBytesInFlight)
        gauges.appendGauge("convserve_draining", transport.isDraining ? 1 : 0)
        return gauges.result + registry.text()
    }

    private static let help = [
        "convserve_info": "Always 1; the labels tell the version and the instruction set.",
        "convserve_requests_in_flight": "Requests received and not answered yet.",
        "convserve_requests_waiting": "Requests that wait for a compute thread.",
        "convserve_open_connections": "Connections open.",
        "convserve_body_bytes_in_flight": "Bytes of the bodies of requests in flight.",
        "convserve_draining": "1 while the server finishes its work before it stops.",
        "convserve_requests_total": "Requests answered, by operation and status.",
        "convserve_request_duration_seconds":
            "From the end of a request's header to its answer, by operation and status.",
        "convserve_request_bytes_total": "Bytes of request bodies.",
        "convserve_response_bytes_total": "Bytes of response bodies.",
    ]
}
