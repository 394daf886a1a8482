// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConvolutionEngine
import ConvolutionService
import HTTPTransport
import Logging

/// The flags of `convserve serve`; each has an environment variable and a default.
struct ServeOptions: ParsableArguments {
    @Option(help: "Address to listen on; 0.0.0.0 is all. CONVSERVE_HOST, default 127.0.0.1.")
    var host: String?
    @Option(help: "Port; 0 lets the system choose. CONVSERVE_PORT, default 8080.")
    var port: UInt16?

    @Option(help: "Largest body; more is 413. CONVSERVE_MAX_BODY_BYTES, default 268435456.")
    var maxBodyBytes: Int?
    @Option(
        help: """
            Largest sum of bodies in memory; more is 503. CONVSERVE_MAX_BODY_BYTES_IN_FLIGHT, \
            default 1073741824.
            """)
    var maxBodyBytesInFlight: Int?
    @Option(
        help: """
            Largest compressed body once expanded; more is 413. CONVSERVE_MAX_EXPANDED_BYTES, \
            default 268435456.
            """)
    var maxExpandedBytes: Int?
    @Option(
        help: """
            Smallest reply of JSON that is compressed for those who ask. \
            CONVSERVE_MIN_COMPRESSED_REPLY_BYTES, default 16777216.
            """)
    var minCompressedReplyBytes: Int?
    @Option(
        help: """
            Origins of web pages that may call, with commas between them, or *. \
            CONVSERVE_CORS_ORIGINS, default none.
            """)
    var corsOrigins: String?
    @Option(help: "Largest result; more is 422. CONVSERVE_MAX_OUTPUT_BYTES, default 1073741824.")
    var maxOutputBytes: Int?
    @Option(
        help: """
            Largest sum of replies in memory; more is 503. CONVSERVE_MAX_REPLY_BYTES_IN_FLIGHT, \
            default 2147483648.
            """)
    var maxReplyBytesInFlight: Int?
    @Option(
        help: """
            Most multiplications of a convolution; more is 422. CONVSERVE_MAX_MULTIPLY_ACCUMULATES, \
            default 1099511627776.
            """)
    var maxMultiplyAccumulates: Int?
    @Option(help: "Open connections. CONVSERVE_MAX_CONNECTIONS, default 4096.")
    var maxConnections: Int?
    @Option(
        help: "Requests that may wait for a core; more is 503. CONVSERVE_MAX_WAITING, default 256.")
    var maxWaiting: Int?

    @Option(
        help: """
            Seconds without a byte until a connection is closed. CONVSERVE_IDLE_TIMEOUT_SECONDS, \
            default 60.
            """)
    var idleTimeoutSeconds: Int?
    @Option(
        help: "Seconds for a whole body; more is 408. CONVSERVE_BODY_TIMEOUT_SECONDS, default 120.")
    var bodyTimeoutSeconds: Int?
    @Option(
        help: """
            Seconds of serving on after SIGTERM while readiness says 503. \
            CONVSERVE_PRE_STOP_SECONDS, default 0.
            """)
    var preStopSeconds: Int?
    @Option(
        help: "Seconds that work in flight gets after SIGTERM. CONVSERVE_DRAIN_SECONDS, default 8.")
    var drainSeconds: Int?

    @Option(
        help: "Threads that read and write sockets. CONVSERVE_IO_THREADS, default cores, at most 4."
    )
    var ioThreads: Int?
    @Option(help: "Requests computed at once. CONVSERVE_COMPUTE_THREADS, default cores.")
    var computeThreads: Int?
    @Option(
        help: """
            trace, debug, info, notice, warning, error or critical. CONVSERVE_LOG_LEVEL, \
            default notice.
            """)
    var logLevel: Logger.Level?

    /// What the transport takes.
    func serverLimits() throws -> ServerLimits {
        var limits = ServerLimits()
        limits.computeThreads = ProcessorCount.available
        limits.ioThreads = min(4, ProcessorCount.available)
        limits.host = try Setting.value("host", host, default: limits.host)
        limits.port = try Setting.value("port", port, default: limits.port)
        func set(_ path: WritableKeyPath<ServerLimits, Int>, _ name: String, _ flag: Int?) throws {
            limits[keyPath: path] = try Setting.value(name, flag, default: limits[keyPath: path])
        }
        try set(\.maxBodyBytes, "max-body-bytes", maxBodyBytes)
        try set(\.maxBodyBytesInFlight, "max-body-bytes-in-flight", maxBodyBytesInFlight)
        try set(\.maxConnections, "max-connections", maxConnections)
        try set(\.maxWaiting, "max-waiting", maxWaiting)
        try set(\.idleTimeoutSeconds, "idle-timeout-seconds", idleTimeoutSeconds)
        try set(\.bodyTimeoutSeconds, "body-timeout-seconds", bodyTimeoutSeconds)
        try set(\.preStopSeconds, "pre-stop-seconds", preStopSeconds)
        try set(\.drainSeconds, "drain-seconds", drainSeconds)
        try set(\.ioThreads, "io-threads", ioThreads)
        try set(\.computeThreads, "compute-threads", computeThreads)
        do {
            try limits.validate()
        } catch .invalidLimit(let name, let value, let rule) {
            throw ValidationError("\(Self.flag(name)) is \(value), but \(rule)")
        } catch {
            throw ValidationError(error.description)
        }
        return limits
    }

    /// `maxBodyBytes` is `--max-body-bytes`.
    private static func flag(_ name: String) -> String {
        "--" + name.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : "\($1)" }
    }

    /// What one request may cost.
    func serviceLimits() throws -> ServiceLimits {
        var limits = ServiceLimits()
        limits.maxExpandedBytes = try positive(
            "max-expanded-bytes", maxExpandedBytes, default: limits.maxExpandedBytes)
        limits.minCompressedReplyBytes = try positive(
            "min-compressed-reply-bytes", minCompressedReplyBytes,
            default: limits.minCompressedReplyBytes)
        limits.maxOutputBytes = try positive(
            "max-output-bytes", maxOutputBytes, default: limits.maxOutputBytes)
        limits.maxReplyBytesInFlight = try positive(
            "max-reply-bytes-in-flight", maxReplyBytesInFlight,
            default: limits.maxReplyBytesInFlight)
        limits.maxMultiplyAccumulates = try positive(
            "max-multiply-accumulates", maxMultiplyAccumulates,
            default: limits.maxMultiplyAccumulates)
        return limits
    }

    private func positive(_ name: String, _ flag: Int?, default standard: Int) throws -> Int {
        let value = try Setting.value(name, flag, default: standard)
        guard value > 0 else {
            throw ValidationError("--\(name) is \(value), but it has to be positive")
        }
        return value
    }

    /// Which web pages may call.
    func crossOrigin() throws -> CrossOrigin {
        let list = try Setting.value("cors-origins", corsOrigins, default: "")
        guard let crossOrigin = CrossOrigin(list) else {
            throw ValidationError(
                "--cors-origins is '\(list)', but it has to be * or origins such as "
                    + "https://lab.example,http://localhost:8888")
        }
        return crossOrigin
    }

    /// How much the server says.
    func level() throws -> Logger.Level {
        try Setting.value("log-level", logLevel, default: .notice)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
