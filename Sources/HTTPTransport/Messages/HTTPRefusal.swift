// SPDX-License-Identifier: Apache-2.0

/// Why the transport answers a request itself instead of handing it to the handler.
public struct HTTPRefusal: Sendable, Hashable {
    /// What is wrong, for code.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case malformedHeader, conflictingLength, unsupportedTransferCoding, lengthRequired
        case bodyTooLarge, expectationUnknown, bodyTooSlow
        case tooManyWaiting, tooManyBytesInFlight, shuttingDown
    }

    /// What is wrong, for code.
    public let reason: Reason
    /// What is wrong, for people: the value, the rule and the cure.
    public let detail: String
    /// After how many seconds trying again makes sense (`Retry-After`); only with 503.
    public let retryAfterSeconds: Int?

    /// The status code that belongs to the reason.
    public var status: Int {
        switch reason {
        case .malformedHeader, .conflictingLength: 400
        case .bodyTooSlow: 408
        case .lengthRequired: 411
        case .bodyTooLarge: 413
        case .expectationUnknown: 417
        case .unsupportedTransferCoding: 501
        case .tooManyWaiting, .tooManyBytesInFlight, .shuttingDown: 503
        }
    }

    /// A refusal.
    public init(_ reason: Reason, detail: String, retryAfterSeconds: Int? = nil) {
        (self.reason, self.detail, self.retryAfterSeconds) = (reason, detail, retryAfterSeconds)
    }

    /// The refusal as plain text: what is sent when the service gives no renderer.
    public var plainResponse: HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", text: detail + "\n")
    }
}
