// SPDX-License-Identifier: Apache-2.0

/// What a handler makes of a request.
public enum HTTPOutcome: Sendable {
    /// The answer is there already.
    case reply(HTTPResponse)
    /// The answer takes a while: run this on the compute queue.
    case compute(@Sendable () -> HTTPResponse)

    /// The response, computed here and now: how tests without a socket call a handler.
    public func resolved() -> HTTPResponse {
        switch self {
        case .reply(let response): response
        case .compute(let work): work()
        }
    }
}

/// Answers requests.
///
/// - Bodies of at most `inlineBodyByteCount`: called on an I/O thread. `.reply` answers at once, so
///   it must have taken some tens of microseconds at most; `.compute` suspends the connection and
///   runs on the compute queue.
/// - Larger bodies: the handler and its work both run on the compute queue.
///
/// It has to answer every request, also for paths that it does not know.
public typealias HTTPHandler = @Sendable (HTTPRequest) -> HTTPOutcome

/// Looks at a request before its body is read, where that is large, chunked or waits to be asked for; a response
/// refuses it, `nil` lets it in. Whatever it refuses the handler refuses too, which gets small bodies without this.
/// Runs on an I/O thread.
public typealias HTTPAdmission = @Sendable (HTTPRequest) -> HTTPResponse?

/// Gives a refusal of the transport the form that the service's errors have. Runs on any thread.
public typealias HTTPRefusalRenderer = @Sendable (HTTPRefusal, HTTPRequest) -> HTTPResponse
