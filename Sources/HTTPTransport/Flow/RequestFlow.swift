// SPDX-License-Identifier: Apache-2.0

import Logging

/// The way of every request through the transport. The functions are called in their order, the
/// first group by the I/O thread of its connection.
final class RequestFlow: Sendable {
    /// What the shim is to do after a step.
    enum Next { case read, discard, answered, later }

    let hooks: ServerHooks
    let limits: ServerLimits
    let status: ServerStatus
    let queue: ComputeQueue
    private let admission: Admission

    init(_ hooks: ServerHooks, _ limits: ServerLimits, _ status: ServerStatus) {
        (self.hooks, self.limits, self.status) = (hooks, limits, status)
        admission = Admission(limits: limits)
        queue = ComputeQueue(
            width: limits.computeThreads, maxWaiting: limits.maxWaiting, status: status)
    }

    /// The header is there, the body is not.
    func began(_ exchange: Exchange) -> Next {
        let request = exchange.makeRequest()
        let facts = exchange.facts
        status.requestBegan()
        _ = request.id  // looked up now: the sweep may need it while the header list grows trailers
        if let refusal = admission.refusal(request.method, facts) ?? overload(request, facts) {
            return refuse(request, with: hooks.refusal(refusal, request), refusal, facts)
        }
        // A small body is with the request already: its handler judges it, once.
        if facts.waitsForContinue || facts.mayExceed(limits.inlineBodyByteCount),
            let response = hooks.admission?(request)
        {
            return refuse(request, with: response, nil, facts)
        }
        return .read
    }

    /// The body is there. Small ones are handled here and now; the rest waits for a compute thread.
    func complete(_ exchange: Exchange) -> Next {
        let request = exchange.request
        request.bodyArrived(exchange.body, at: exchange.bodyTime)
        if let response = settled(request) { return answer(request, response) }
        if exchange.bodyByteCount <= limits.inlineBodyByteCount {
            request.handlingStart = .now
            switch hooks.handler(request) {
            case .reply(let response): return answer(request, response)
            case .compute(let work): request.progress.work = work
            }
        }
        return enqueue(request)
    }

    /// The connection is suspended: other threads may have the request.
    func later(_ exchange: Exchange) {
        let request = exchange.request
        request.progress.submission = .now
        queue.submit(request) { [self] in compute(request) }
    }

    /// The reply is sent, or the connection broke.
    func ended(_ exchange: Exchange) {
        let request = exchange.takeRequest()
        request.close()
        giveBack(request)
        status.requestEnded()
    }

    func log(_ message: String) { hooks.logger.debug("libmicrohttpd: \(message)") }

    private func compute(_ request: HTTPRequest) {
        request.queuedMilliseconds = Timestamp.now.milliseconds(since: request.progress.submission)
        let response = request.isCancelled ? abandoned(request) : handled(request)
        request.progress.work = nil
        _ = answer(request, queue.finish(request) ? response : HTTPResponse(status: 503))
    }

    private func handled(_ request: HTTPRequest) -> HTTPResponse {
        if let work = request.progress.work { return work() }
        request.handlingStart = .now
        return hooks.handler(request).resolved()
    }

    /// The client has gone, so nobody will see this.
    private func abandoned(_ request: HTTPRequest) -> HTTPResponse {
        hooks.logger.debug("the client of request \(request.id) has gone before it was computed")
        return HTTPResponse(status: 503)
    }

    @discardableResult
    func answer(_ request: HTTPRequest, _ response: HTTPResponse) -> Next {
        let id = request.id
        request.close()
        giveBack(request)
        guard case .wire(let exchange) = request.source else { return .answered }
        exchange.reply(response, id: id)
        return .answered
    }
}

/// What the service gives the transport to call.
struct ServerHooks: Sendable {
    let logger: Logger
    let admission: HTTPAdmission?
    let refusal: HTTPRefusalRenderer
    let handler: HTTPHandler
}
