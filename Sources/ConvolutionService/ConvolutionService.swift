// SPDX-License-Identifier: Apache-2.0

public import HTTPTransport
public import Logging
import TensorFiles

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
    let crossOrigin: CrossOrigin
    let status: ServerStatus
    let logger: Logger
    let metrics = ServiceMetrics()
    let inferences = InferenceStatistics()
    let replies: ReplyBudget

    /// - Parameters:
    ///   - limits: What one request may cost.
    ///   - serverLimits: The transport's limits, for `GET /v1` to tell.
    ///   - crossOrigin: Which web pages may call.
    ///   - status: How the server fares, for `/readyz` and `/metrics`.
    ///   - logger: Gets a line for each reply of 500 and above, but for 503.
    public init(
        limits: ServiceLimits = ServiceLimits(), serverLimits: ServerLimits = ServerLimits(),
        crossOrigin: CrossOrigin = .none, status: ServerStatus = ServerStatus(), logger: Logger
    ) {
        (self.limits, self.serverLimits, self.crossOrigin) = (limits, serverLimits, crossOrigin)
        (self.status, self.logger) = (status, logger)
        replies = ReplyBudget(most: limits.maxReplyBytesInFlight)
    }

    /// Answers one request, whatever it is.
    public var handler: HTTPHandler {
        { request in
            switch self.handle(request) {
            case .reply(let response): self.sent(response, request)
            case .compute(let work): .compute { self.sent(work(), request).resolved() }
            }
        }
    }

    /// Refuses what can be refused before the body is read: paths, methods, media types.
    public var admission: HTTPAdmission {
        { request in self.admit(request).map { self.crossOrigin.dressed($0, request) } }
    }

    /// Gives the transport's own refusals the form of every other error.
    public var refusal: HTTPRefusalRenderer {
        { self.crossOrigin.dressed(self.render($0, $1), $1) }
    }

    /// A reply as it is sent: compressed if that was asked for, which takes too long for an I/O thread.
    private func sent(_ response: HTTPResponse, _ request: HTTPRequest) -> HTTPOutcome {
        let dressed = crossOrigin.dressed(response, request)
        let compression = Compression(
            for: dressed, to: request, from: limits.minCompressedReplyBytes)
        guard let compression else { return .reply(dressed) }
        return .compute {
            let start = Timestamp.now
            var response = compression.compressed(dressed)
            let addition = ServerTiming.addition(", compress;dur=", since: start)
            for i in response.headers.indices where response.headers[i].name == ServerTiming.name {
                response.headers[i].value += addition
            }
            return response
        }
    }
}
