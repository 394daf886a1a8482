// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import JSONText

/// What a path below `/v2` does: the Open Inference Protocol, as KServe and Triton have it.
enum InferenceEndpoint: Sendable, Equatable {
    case server, live, ready, models, repositoryIndex, statistics
    case metadata, modelReady, configuration, modelStatistics, infer
}

extension ConvolutionService {
    /// - Parameter parameters: of the path: `model`, and `version` where it has one
    func answer(
        _ endpoint: InferenceEndpoint, _ parameters: RouteParameters, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        switch endpoint {
        case .server: return exchange.reply(.json(inferenceServer))
        case .live: return exchange.reply(.json(Self.flag("live")))
        case .ready:
            _ = try readiness()
            return exchange.reply(.json(Self.flag("ready")))
        case .models: return exchange.reply(.json(Self.inferenceModels))
        case .repositoryIndex:
            return exchange.reply(
                HTTPResponse(
                    status: 200, contentType: "application/json", text: Self.repositoryIndex))
        case .statistics:
            return exchange.reply(.json(inferences.json(InferenceModel.all)))
        case .metadata, .modelReady, .configuration, .modelStatistics, .infer:
            let model = try InferenceModel.named(
                parameters["model"]!, version: parameters["version"])
            return try answer(endpoint, model, exchange)
        }
    }

    private func answer(
        _ endpoint: InferenceEndpoint, _ model: InferenceModel, _ exchange: Exchange
    ) throws(RequestFailure) -> HTTPOutcome {
        switch endpoint {
        case .configuration: return exchange.reply(.json(model.configuration))
        case .modelStatistics: return exchange.reply(.json(inferences.json([model])))
        case .modelReady:
            _ = try readiness()
            var text = JSONObjectText()
            text.add("name", model.name)
            text.add("ready", true)
            return exchange.reply(.json(text))
        case .infer:
            var exchange = exchange
            exchange.model = model
            do {
                exchange.document = try RequestDocument(
                    inference: exchange.request, model, limits)
                return try answer(model.endpoint, exchange)
            } catch {
                return exchange.reply(refusing: error)
            }
        default: return exchange.reply(.json(model.metadata))
        }
    }

    private static func flag(_ name: String) -> JSONObjectText {
        var text = JSONObjectText()
        text.add(name, true)
        return text
    }
}

extension RequestDocument {
    /// The document of an inference request: its parameters, with its inputs beside them.
    init(
        inference request: HTTPRequest, _ model: InferenceModel, _ limits: ServiceLimits
    ) throws(RequestFailure) {
        var body = try InferenceBody(
            RequestBody(request, limits),
            headerByteCount: request.header("Inference-Header-Content-Length"))
        let header = RequestDocument(json: body.header)
        var builder = DocumentBuilder()
        var reply: InferenceReply
        do {
            let sent = try header.decode { cursor throws(RequestFailure) in
                try InferenceRequest(json: &cursor, &body)
            }
            try sent.check(model)
            reply = try InferenceReply(model, sent)
            for input in sent.inputs { try builder.add(input.name, input.tensor) }
            for parameter in sent.parameters {
                try builder.add(parameter.name, text: parameter.json)
            }
        } catch {
            throw .problem(Problem(error, in: header))
        }
        self.init(.openInference, builder, inference: reply)
    }
}
