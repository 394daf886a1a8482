// SPDX-License-Identifier: Apache-2.0

public import HTTPTransport
public import Logging

/// Answers requests of the HTTP contract.
///
///     let status = ServerStatus()
///     let service = ConvolutionService(serverLimits: serverLimits, status: status, logger: logger)
///     let server = HTTPServer(
///         limits: serverLimits, logger: logger, status: status, admission: service.admission,
///         refusal: service.refusal, handler: service.handler)
public final class ConvolutionService: Sendable {
    /// The release, as `GET /v1` and `--version` tell it.
    public static let version = "0.1.0"

    let limits: ServiceLimits
    let serverLimits: ServerLimits
    let status: ServerStatus
    let logger: Logger
    let metrics = ServiceMetrics()
    let replies: ReplyBudget

    /// - Parameters:
    ///   - limits: What one request may cost.
    ///   - serverLimits: The transport's limits, for `GET /v1` to tell.
    ///   - status: How the server fares, for `/readyz` and `/metrics`.
    ///   - logger: Gets a line for each reply of 500 and above, but for 503.
    public init(
        limits: ServiceLimits = ServiceLimits(), serverLimits: ServerLimits = ServerLimits(),
        status: ServerStatus = ServerStatus(), logger: Logger
    ) {
        (self.limits, self.serverLimits) = (limits, serverLimits)
        (self.status, self.logger) = (status, logger)
        replies = ReplyBudget(most: limits.maxReplyBytesInFlight)
    }

    /// Answers one request, whatever it is.
    public var handler: HTTPHandler { { self.handle($0) } }

    /// Refuses what can be refused before the body is read: paths, methods, media types.
    public var admission: HTTPAdmission { { self.admit($0) } }

    /// Gives the transport's own refusals the form of every other error.
    public var refusal: HTTPRefusalRenderer { { self.render($0, $1) } }
}
