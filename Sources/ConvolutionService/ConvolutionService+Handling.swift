// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import TensorFiles

/// From a request to the handler that answers it.
extension ConvolutionService {
    func handle(_ request: HTTPRequest) -> HTTPOutcome {
        guard let target = Routes.target(request) else {
            return .reply(answerUnrouted(request))
        }
        if request.method == .post, RequestDocument.takesWork(request) {
            return .compute { self.answer(target, request).resolved() }
        }
        return answer(target, request)
    }

    private func answer(_ target: Routes.Target, _ request: HTTPRequest) -> HTTPOutcome {
        var exchange = Exchange(
            service: self, request: request, name: target.name, timing: ServerTiming(request))
        do {
            try request.checkAccept(target.endpoint.replyTypes)
            if case .inference(let endpoint) = target.endpoint {
                return try answer(endpoint, target.parameters, exchange)
            }
            if request.method == .post {
                exchange.document = try RequestDocument(request, target.endpoint, limits)
            }
            return try answer(target.endpoint, exchange)
        } catch {
            return exchange.reply(refusing: error)
        }
    }

    func answer(
        _ endpoint: Endpoint, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        switch endpoint {
        case .convolution(let operation): return try convolve(operation, exchange)
        case .backward(let operation): return try backward(operation, exchange)
        case .unfold: return try unfold(exchange)
        case .fold: return try fold(exchange)
        case .kernelMatrix: return try describeKernelMatrix(exchange)
        case .fuse(let operation): return try fuse(operation, exchange)
        case .fuseCheckpoint: return try fuseCheckpoint(exchange)
        case .compare: return try compare(exchange)
        case .shape: return try describeShape(exchange)
        case .inference: preconditionFailure("answered with its path's parameters")
        case .capabilities: return exchange.reply(capabilities)
        case .health: return exchange.reply(.health("ok"))
        case .readiness: return try exchange.reply(readiness())
        case .metrics: return exchange.reply(metricsPage)
        case .openAPI(let form): return exchange.reply(OpenAPIDocument.response(form))
        case .index: return exchange.reply(.index)
        }
    }

    /// What needs no body to be refused is refused without one.
    func admit(_ request: HTTPRequest) -> HTTPResponse? {
        guard let target = Routes.target(request) else { return answerUnrouted(request) }
        do {
            try request.checkAccept(target.endpoint.replyTypes)
            if request.method == .post {
                _ = try Compression(of: request)
                if !request.isInference { _ = try TensorEncoding.declared(request) }
            }
            return nil
        } catch {
            let timing = ServerTiming(request)
            return Exchange(service: self, request: request, name: target.name, timing: timing)
                .refuse(error, timing)
        }
    }

    private func answerUnrouted(_ request: HTTPRequest) -> HTTPResponse {
        let match = Routes.router.match(request)
        if case .options(let allow) = match {
            let response = HTTPResponse.options(allow: allow)
            count(response, "options", request)
            return response
        }
        let timing = ServerTiming(request)
        return Exchange(service: self, request: request, name: "none", timing: timing)
            .refuse(.problem(Problem(unrouted: match, request)), timing)
    }

    func render(_ refusal: HTTPRefusal, _ request: HTTPRequest) -> HTTPResponse {
        var problem = Problem(status: refusal.status, detail: refusal.detail)
        if let seconds = refusal.retryAfterSeconds {
            problem.headers = [("Retry-After", "\(seconds)")]
        }
        let response = problem.response(to: request)
        count(response, "refused", request)
        return response
    }

    func count(_ response: HTTPResponse, _ name: String, _ request: HTTPRequest) {
        if response.status >= 500, response.status != 503 {
            let line = "\(request.method.name) \(request.path)"
            logger.error("\(line): \(response.status), id \(request.id)")
        }
        let elapsed = Timestamp.now.nanoseconds &- request.arrival.nanoseconds
        metrics.record(
            operation: name, status: response.status, nanoseconds: Int64(clamping: elapsed),
            requestBytes: request.body.count, responseBytes: response.body.byteCount)
    }
}

extension Problem {
    /// 404 with the nearest path, or 405 with the methods there are.
    fileprivate init(unrouted match: RouteMatch<Routes.Target>, _ request: HTTPRequest) {
        let path = Suggestion.quoted(request.path)
        if case .methodNotAllowed(let allow) = match {
            self.init(
                status: 405,
                detail: "\(request.method.name) is not for \(path), which takes \(allow)",
                headers: [("Allow", allow)])
        } else {
            let near = Suggestion.nearest(
                to: request.path, among: Routes.table.map(\.path.description))
            let cure = near.map { "did you mean \($0)?" } ?? "GET /v1 lists the operations"
            self.init(status: 404, detail: "there is no \(path); \(cure)")
        }
    }
}
