// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport
import JSONText
import TensorFiles

/// Replies whose tensors are sent from where they were computed.
extension TensorEncoding {
    /// - Parameter reservation: given back when the reply is sent
    func response(_ reply: TensorReply, _ reservation: ReplyBudget.Reservation) -> HTTPResponse {
        var response = HTTPResponse(status: 200, headers: [("Content-Type", mediaType)])
        response.body = .parts(
            parts(reply).map { part in
                switch part {
                case .bytes(let bytes): ByteBuffer(bytes)
                case .tensor(let tensor): ByteBuffer(tensor, reservation)
                }
            })
        if self != .safetensors { response.headers += headers(reply) }
        return response
    }

    private func parts(_ reply: TensorReply) -> [NPZ.Part] {
        let tensors = reply.tensors.map { (name: $0.name.description, tensor: $0.tensor) }
        let first = tensors[0].tensor
        switch self {
        case .json, .openInference: preconditionFailure("begins with text")
        case .safetensors:
            let header = Safetensors.header(
                tensors.map { ($0.name, $0.tensor.dtype, $0.tensor.shape) },
                metadata: reply.members.map { ($0.name.description, $0.text) })
            return [.bytes(header)] + tensors.map { .tensor($0.tensor) }
        case .npz: return NPZ.parts(tensors)
        case .npy: return [.bytes(NPY.header(first.dtype, first.shape)), .tensor(first)]
        case .octetStream: return [.tensor(first)]
        }
    }

    /// Where the body has no place for words, the header has: `Convserve-Algorithm: direct`.
    private func headers(_ reply: TensorReply) -> [(name: String, value: String)] {
        var headers = reply.members.map {
            (name: Self.headerName($0.name), value: $0.text)
        }
        if self == .octetStream {
            headers.append(("Convserve-Shape", jsonList(reply.tensors[0].tensor.shape)))
            headers.append(("Convserve-Dtype", reply.tensors[0].tensor.dtype.rawValue))
        }
        return headers
    }

    /// `output_shape` is `Convserve-Output-Shape`.
    private static func headerName(_ name: StaticString) -> String {
        let words = name.description.split(separator: "_")
        return (["Convserve"] + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }).joined(
            separator: "-")
    }
}

extension ByteBuffer {
    /// A tensor's elements, where they are.
    convenience init(_ tensor: Tensor, _ reservation: ReplyBudget.Reservation) {
        let count = tensor.count * tensor.dtype.byteCount
        self.init(adopting: tensor.storage.bytes, count: count, capacity: count) { _ in
            withExtendedLifetime((tensor, reservation)) {}
        }
    }

    /// A few bytes around them.
    convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        bytes.withUnsafeBytes { append($0) }
    }
}
