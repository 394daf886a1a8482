// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import HTTPTransport

/// How a reply is written, decided before anything is computed: `Accept` and the limits are kept.
struct ReplyForm: Sendable {
    let encoding: TensorEncoding
    let spelling: TensorSpelling
    /// Of text that is printed: tensors and what is around them.
    let textByteCount: Int
    /// Of tensors that are sent as they are in memory.
    let tensorByteCount: Int
    let inference: InferenceReply?

    /// Room for what stands beside the tensors: `explain` has nine numbers of 20 digits a member at
    /// most, and their names.
    static let memberByteCount = 2048
}

extension Exchange {
    /// The form of a reply that has these tensors.
    func form(
        _ spelling: ReplySpelling, _ tensors: [(name: StaticString, shape: [Int])], _ dtype: DType
    ) throws(RequestFailure) -> ReplyForm {
        let encoding = try replyEncoding(tensorCount: tensors.count)
        try check(spelling, encoding)
        var text = ReplyForm.memberByteCount, memory = 0
        for (name, shape) in tensors {
            let isText = document.inference.map { $0.isBinary(name) != true } ?? (encoding == .json)
            let byteCount = try service.limits.replyByteCount(
                isText ? spelling.spelling : nil, shape: shape, dtype: dtype)
            if isText { text += byteCount } else { memory += byteCount }
        }
        return ReplyForm(
            encoding: encoding, spelling: spelling.spelling, textByteCount: text,
            tensorByteCount: memory, inference: document.inference)
    }

    private func check(
        _ spelling: ReplySpelling, _ encoding: TensorEncoding
    ) throws(RequestFailure) {
        guard let asked = spelling.asked, encoding != .json else { return }
        throw .field(
            pointer: "/format",
            reason: """
                format "\(asked.name)" is a spelling of JSON, and the reply is \
                \(encoding.mediaType); leave format out, or send Accept: application/json
                """)
    }

    /// Computes a reply of tensors, here or on the compute queue.
    func outcome(
        isSmall: Bool, _ form: ReplyForm,
        _ compute: @escaping @Sendable (inout ServerTiming) throws(RequestFailure) -> TensorReply
    ) -> HTTPOutcome {
        outcome(isSmall: isSmall) { timing throws(RequestFailure) in
            let memory = try form.memory(from: service.replies)
            let reply = try compute(&timing)
            timing.end(.compute)
            defer { timing.end(.serialize) }
            return form.response(reply, in: memory)
        }
    }
}

extension ReplyForm {
    /// What a reply is made in, counted in the budget until it is sent.
    struct Memory {
        /// Text is printed here.
        let text: ByteBuffer?
        /// For tensors, which are sent from where they were computed.
        let reservation: ReplyBudget.Reservation
    }

    /// Taken before the computation, so that no work is done for a reply that there is no room for.
    func memory(from replies: ReplyBudget) throws(RequestFailure) -> Memory {
        let hasText = encoding == .json || encoding == .openInference
        let reservation = try replies.reserve(textByteCount + tensorByteCount)
        return Memory(
            text: hasText ? try reservation.buffer(capacity: textByteCount) : nil,
            reservation: reservation)
    }

    func response(_ reply: TensorReply, in memory: Memory) -> HTTPResponse {
        guard let buffer = memory.text else { return encoding.response(reply, memory.reservation) }
        if let inference { return inference.response(reply, in: buffer, memory.reservation) }
        return .json(text(reply, in: buffer))
    }
}

extension ReplyForm {
    /// `{"output":tensor,"algorithm":"direct"}`
    private func text(_ reply: TensorReply, in memory: ByteBuffer) -> [ByteBuffer] {
        var text = ReplyText(in: memory)
        var separator: StaticString = "{\""
        for (name, tensor) in reply.tensors {
            text.append(separator)
            text.append(name)
            text.append("\":")
            text.append(tensor, as: spelling)
            separator = ",\""
        }
        for member in reply.members {
            text.append(separator)
            text.append(member.name)
            text.append(member.isWord ? "\":\"" : "\":")
            text.append(member.text)
            if member.isWord { text.append("\"") }
            separator = ",\""
        }
        text.append("}\n")
        return text.finished()
    }
}

extension HTTPResponse {
    /// A reply of JSON that is printed already.
    static func json(_ parts: [ByteBuffer]) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")], body: .parts(parts))
    }
}
