// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText

/// How the reply to an inference request is to look.
struct InferenceReply: Sendable {
    let model: InferenceModel
    let id: String?
    /// Nil for all of them, as the request's ``isBinary`` says.
    let outputs: [InferenceRequest.Output]?
    let isBinary: Bool

    init(_ model: InferenceModel, _ request: InferenceRequest) throws(RequestFailure) {
        (self.model, id, isBinary) = (model, request.id, request.wantsBinary)
        outputs = request.outputs
        let names = model.outputs.map(\.name.description)
        for (index, output) in (outputs ?? []).enumerated() where !names.contains(output.name) {
            throw .field(
                pointer: "/outputs/\(index)/name",
                reason: Suggestion.unknown("output", output.name, known: names, kind: "outputs"))
        }
    }

    /// Whether an output is sent as bytes; nil if it is not wanted.
    func isBinary(_ name: StaticString) -> Bool? {
        guard let outputs else { return isBinary }
        return outputs.first { $0.name == name.description }.map { $0.isBinary ?? isBinary }
    }

    /// `{"model_name":...,"outputs":[...]}` and the bytes of the binary outputs behind it.
    func response(
        _ reply: TensorReply, in memory: ByteBuffer, _ reservation: ReplyBudget.Reservation
    ) -> HTTPResponse {
        var text = ReplyText(in: memory)
        text.append(head(reply))
        var tail: [ByteBuffer] = []
        var separator = ""
        for (name, tensor) in reply.tensors {
            guard let isBinary = isBinary(name) else { continue }
            text.append(separator + description(name, tensor))
            separator = ","
            if isBinary {
                let byteCount = tensor.count * tensor.dtype.byteCount
                text.append(",\"parameters\":{\"binary_data_size\":\(byteCount)}}")
                tail.append(ByteBuffer(tensor, reservation))
            } else {
                text.append(",\"data\":")
                text.append(tensor.reshaped([tensor.count]), as: .nested)
                text.append("}")
            }
        }
        text.append("]}")
        return tail.isEmpty ? .json(text.finished()) : response(text, tail)
    }

    private func response(_ text: ReplyText, _ tail: [ByteBuffer]) -> HTTPResponse {
        // Blanks behind the JSON put the first tensor's bytes at a multiple of 64, where a client can use
        // them in place.
        var text = text
        text.append(String(repeating: " ", count: (64 - text.byteCount % 64) % 64))
        return HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", "application/octet-stream"),
                ("Inference-Header-Content-Length", "\(text.byteCount)"),
            ],
            body: .parts(text.finished() + tail))
    }

    private func head(_ reply: TensorReply) -> String {
        var text = "{\"model_name\":\"\(model.name)\""
        text += ",\"model_version\":\"\(InferenceModel.version)\""
        if let id { text += ",\"id\":\(jsonString(id))" }
        if !reply.members.isEmpty {
            // Values of parameters are strings, numbers and booleans; what is more becomes text.
            let members = reply.members.map {
                "\"\($0.name)\":\(jsonString($0.text))"
            }
            text += ",\"parameters\":{\(members.joined(separator: ","))}"
        }
        return text + ",\"outputs\":["
    }

    private func description(_ name: StaticString, _ tensor: Tensor) -> String {
        "{\"name\":\"\(name)\",\"shape\":\(jsonList(tensor.shape)),\"datatype\":\""
            + InferenceDatatype(tensor.dtype).rawValue + "\""
    }
}
