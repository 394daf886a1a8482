// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConvolutionEngine
import ConvolutionService
import HTTPTransport
import Logging
import ServiceLifecycle

/// `convserve serve`: answers requests until SIGTERM or SIGINT.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve convolutions over HTTP until SIGTERM or SIGINT.",
        discussion: """
            Every flag has an environment variable of the same name (--max-body-bytes is \
            CONVSERVE_MAX_BODY_BYTES); the flag wins. CONVSERVE_ISA=portable, avx2 or avx512 \
            chooses an instruction set below the best one.
            """)

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let serverLimits = try options.serverLimits()
        let serviceLimits = try options.serviceLimits()
        try checkInstructionSet()
        let level = try options.level()
        var logger = Logger(label: "convserve") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level

        let status = ServerStatus()
        let service = ConvolutionService(
            limits: serviceLimits, serverLimits: serverLimits,
            crossOrigin: try options.crossOrigin(), status: status, logger: logger)
        let server = HTTPServer(
            limits: serverLimits, logger: logger, status: status, admission: service.admission,
            refusal: service.refusal, handler: service.handler)
        var quiet = logger
        quiet.logLevel = max(level, .warning)
        try await ServiceGroup(
            services: [Announced(server: server, limits: serviceLimits)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet
        ).run()
    }

    /// An instruction set that was asked for and cannot run is said, not replaced.
    private func checkInstructionSet() throws {
        let name = InstructionSet.variable
        let asked: String = try Setting.value("isa", nil, default: "")
        if asked.isEmpty || InstructionSet.requested != nil { return }
        let possible = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(name) is '\(asked)'; this machine can run \(possible)")
    }
}

/// The server, which says where it listens.
///
/// It begins to listen in `run`, when the group has caught the signals: a client that sees the port
/// open can count on being served to the end.
private struct Announced: Service {
    let server: HTTPServer
    let limits: ServiceLimits

    func run() async throws {
        do {
            try server.start()
        } catch {
            throw StartFailure(description: error.description)
        }
        print(Greeting(limits: server.limits, service: limits, port: server.port ?? 0).text)
        flushStandardOutput()
        try await server.run()
    }
}

/// The server cannot start: one line, exit code 1.
struct StartFailure: Error, CustomStringConvertible {
    let description: String
}
