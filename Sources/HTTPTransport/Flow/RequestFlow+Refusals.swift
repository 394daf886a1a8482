// SPDX-License-Identifier: Apache-2.0

// The ways on which a request does not reach the handler.
extension RequestFlow {
    /// A chunked body needs a larger buffer: the size that it may have, or 0 to discard it.
    func room(_ exchange: Exchange, needed: Int) -> Int {
        let request = exchange.request
        let size = min(max(2 * needed, 64 << 10), limits.maxBodyBytes)
        guard let refusal = refusal(request, needed: needed, size) else { return size }
        request.progress.refusal.withLock { $0 = refusal }
        giveBack(request)
        return 0
    }

    private func refusal(_ request: HTTPRequest, needed: Int, _ size: Int) -> HTTPRefusal? {
        guard needed <= limits.maxBodyBytes else {
            return Admission(limits: limits).bodyTooLarge(
                "The chunked body has over \(needed - 1) bytes")
        }
        return reserve(size, for: request) ? nil : tooManyBytes
    }

    /// The body took too long, or too much of it came, or the server ends: answered past
    /// libmicrohttpd. Comes from the sweep while the I/O thread may be receiving.
    func interrupted(_ exchange: Exchange) {
        let request = exchange.request
        let refusal =
            request.progress.refusal.withLock { $0 } ?? (status.isEnding ? shuttingDown : tooSlow)
        let response = request.progress.response ?? hooks.refusal(refusal, request)
        exchange.replyAndHangUp(response, id: request.id)
    }

    /// Why there is no capacity for a request that looks fine; takes its bytes out of the budget
    /// otherwise.
    func overload(_ request: HTTPRequest, _ facts: HeaderFacts) -> HTTPRefusal? {
        if facts.mayExceed(limits.inlineBodyByteCount), queue.isFull { return tooManyWaiting }
        let size = facts.announcedByteCount ?? 0
        return size == 0 || reserve(size, for: request) ? nil : tooManyBytes
    }

    func refuse(
        _ request: HTTPRequest, with response: HTTPResponse, _ refusal: HTTPRefusal?,
        _ facts: HeaderFacts
    ) -> Next {
        giveBack(request)
        guard Admission(limits: limits).isWorthDiscarding(refusal, facts) else {
            return answer(request, response)
        }
        request.progress.response = response
        return .discard
    }

    /// The answer that a request got before its body was complete.
    func settled(_ request: HTTPRequest) -> HTTPResponse? {
        request.progress.response
            ?? request.progress.refusal.withLock { $0 }.map { hooks.refusal($0, request) }
    }

    /// Reserves a place in the queue, which is taken once the connection is suspended.
    func enqueue(_ request: HTTPRequest) -> Next {
        if queue.reserve() { return .later }
        return answer(
            request, hooks.refusal(status.isEnding ? shuttingDown : tooManyWaiting, request))
    }

    /// Ends what is still waiting, and the connections of what is still computed. The number of the
    /// latter.
    func giveUp() -> Int {
        for request in queue.close() { answer(request, hooks.refusal(shuttingDown, request)) }
        return queue.abandonRunning { request in
            guard case .wire(let exchange) = request.source else { return }
            exchange.replyAndHangUp(hooks.refusal(shuttingDown, request), id: request.id)
        }
    }

    func giveBack(_ request: HTTPRequest) {
        // The count is the cores' own, so nothing is taken off it for nothing.
        guard request.progress.reservedByteCount > 0 else { return }
        status.release(bytes: request.progress.reservedByteCount)
        request.progress.reservedByteCount = 0
    }

    private func reserve(_ size: Int, for request: HTTPRequest) -> Bool {
        guard
            status.reserve(
                bytes: size - request.progress.reservedByteCount,
                beyond: request.progress.reservedByteCount, most: limits.maxBodyBytesInFlight)
        else { return false }
        request.progress.reservedByteCount = size
        return true
    }

    private var tooManyWaiting: HTTPRefusal {
        HTTPRefusal(
            .tooManyWaiting,
            detail:
                "\(limits.maxWaiting) requests wait to be computed, the most that may wait here "
                + "(--max-waiting, CONVSERVE_MAX_WAITING). Try again in a second.",
            retryAfterSeconds: 1)
    }

    private var tooManyBytes: HTTPRefusal {
        HTTPRefusal(
            .tooManyBytesInFlight,
            detail:
                "The bodies in flight fill the \(limits.maxBodyBytesInFlight) bytes kept for them "
                + "(--max-body-bytes-in-flight, CONVSERVE_MAX_BODY_BYTES_IN_FLIGHT). "
                + "Try again in a second.",
            retryAfterSeconds: 1)
    }

    private var shuttingDown: HTTPRefusal {
        HTTPRefusal(
            .shuttingDown,
            detail: "The server is shutting down and could not finish this request in "
                + "\(limits.drainSeconds) s. Send it to another one, or again in a few seconds.",
            retryAfterSeconds: 5)
    }

    private var tooSlow: HTTPRefusal {
        HTTPRefusal(
            .bodyTooSlow,
            detail:
                "The body was not complete after \(limits.bodyTimeoutSeconds) s, the time that it may "
                + "take (--body-timeout-seconds, CONVSERVE_BODY_TIMEOUT_SECONDS). Send it faster, or "
                + "less at once.")
    }
}
