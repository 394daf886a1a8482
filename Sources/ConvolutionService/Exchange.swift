// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText

/// One request on its way through a handler: decode, validate, compute, encode.
struct Exchange: Sendable {
    let service: ConvolutionService
    let request: HTTPRequest
    /// The operation's name in the metrics.
    let name: String
    let timing: ServerTiming
    /// What the body says; without anything in it until it is read.
    var document = RequestDocument.none
    /// Of an inference request.
    var model: InferenceModel?

    /// What a handler does once the request is understood.
    typealias Work = @Sendable (inout ServerTiming) throws(RequestFailure) -> HTTPResponse

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
        let problem = Problem(failure, in: document)
        return finish(problem.response(to: request), timing)
    }

    /// A refusal before any work.
    func reply(refusing failure: RequestFailure) -> HTTPOutcome {
        var timing = timing
        timing.end(.parse)
        return .reply(refuse(failure, timing))
    }

    /// What every reply has, and what is counted of it.
    private func finish(_ response: HTTPResponse, _ timing: ServerTiming) -> HTTPResponse {
        var response = response
        response.headers.append((name: ServerTiming.name, value: timing.header))
        service.count(response, name, request)
        if let model {
            service.inferences.record(model, isSuccess: response.status == 200, timing)
        }
        return response
    }
}

extension Problem {
    /// The reply: a problem document, below `/v2` the protocol's own.
    func response(to request: HTTPRequest) -> HTTPResponse {
        if request.isInference { return inferenceResponse }
        return HTTPResponse(
            status: status, headers: [("Content-Type", "application/problem+json")] + headers,
            body: HTTPBody(json(requestID: request.id)))
    }

    /// `{"error": "..."}`; what is wrong with values is 400 there.
    private var inferenceResponse: HTTPResponse {
        var text = JSONObjectText()
        text.add("error", detail)
        return HTTPResponse(
            status: status == 422 ? 400 : status,
            headers: [("Content-Type", "application/json")] + headers, body: HTTPBody(text.text))
    }
}

extension HTTPRequest {
    /// Whether it speaks the Open Inference Protocol.
    var isInference: Bool {
        encodedPath.starts(with: "/v2".utf8)
            && (encodedPath.count == 3 || encodedPath[3] == UInt8(ascii: "/"))
    }
}
