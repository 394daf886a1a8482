// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// One request on its way through a handler: decode, validate, compute, encode.
struct Exchange: Sendable {
    let service: ConvolutionService
    let request: HTTPRequest
    /// The operation's name in the metrics.
    let name: String
    let timing: ServerTiming

    /// What a handler does once the request is understood.
    typealias Work = @Sendable (inout ServerTiming) throws(RequestFailure) -> HTTPResponse

    /// Reads the whole body with `read`.
    func decode<Value>(
        _ read: (inout JSONCursor) throws(RequestFailure) -> Value
    ) throws(RequestFailure) -> Value {
        switch try TensorEncoding(ofBodyIn: request) {
        case .json:
            guard !request.body.isEmpty else { throw .malformed(at: 0) }
            var cursor = JSONCursor(request.body)
            cursor.skipBlank()
            guard cursor.next == UInt8(ascii: "{") else {
                throw .value(
                    at: cursor.offset, "the body is an object, not \(cursor.describeNext())")
            }
            let value = try read(&cursor)
            try cursor.expectEnd()
            return value
        }
    }

    /// Does the work here if it is small, else on the compute queue.
    func outcome(isSmall: Bool, _ work: @escaping Work) -> HTTPOutcome {
        var timing = timing
        timing.end(.parse)
        if isSmall { return .reply(respond(timing, work)) }
        return .compute { [timing] in
            var timing = timing
            timing.end(.queue)
            return respond(timing, work)
        }
    }

    /// Runs the work to its reply, whatever becomes of it.
    func respond(_ timing: ServerTiming, _ work: Work) -> HTTPResponse {
        var timing = timing
        do {
            return finish(try work(&timing), timing)
        } catch {
            return refuse(error, timing)
        }
    }

    func refuse(_ failure: RequestFailure, _ timing: ServerTiming) -> HTTPResponse {
        finish(Problem(failure, in: request.body).response(requestID: request.id), timing)
    }

    /// What every reply has, and what is counted of it.
    private func finish(_ response: HTTPResponse, _ timing: ServerTiming) -> HTTPResponse {
        var response = response
        response.headers.append((name: "Server-Timing", value: timing.header))
        service.count(response, name, request)
        return response
    }
}

extension Problem {
    /// The reply.
    func response(requestID: String) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [("Content-Type", "application/problem+json")] + headers,
            body: HTTPBody(json(requestID: requestID)))
    }
}
