// SPDX-License-Identifier: Apache-2.0

/// Whether a request is let in, judged by its header alone, before any of its body is read.
struct Admission: Sendable {
    let limits: ServerLimits

    /// Why not; `nil` lets it in.
    func refusal(_ method: HTTPMethod, _ facts: HeaderFacts) -> HTTPRefusal? {
        if let flaw = facts.flaw { return refusal(flaw) }
        if method.needsLength, facts.announcedByteCount == nil, !facts.isChunked {
            return lengthRequired(method)
        }
        guard let size = facts.announcedByteCount, size > limits.maxBodyBytes else { return nil }
        return bodyTooLarge("The body is \(size) bytes")
    }

    /// Whether to read the body of a refused request and forget it, so that the answer is not lost
    /// in a reset of the connection; otherwise it is answered at once and the connection closed.
    func isWorthDiscarding(_ refusal: HTTPRefusal?, _ facts: HeaderFacts) -> Bool {
        if facts.flaw != nil || facts.waitsForContinue || refusal?.reason == .lengthRequired {
            return false
        }
        let most =
            limits.discardByteCount + (refusal?.reason == .bodyTooLarge ? limits.maxBodyBytes : 0)
        return (facts.announcedByteCount ?? 0) <= most
    }

    /// 413. `what` says how much came.
    func bodyTooLarge(_ what: String) -> HTTPRefusal {
        HTTPRefusal(
            .bodyTooLarge,
            detail: "\(what), more than the \(limits.maxBodyBytes) that this server takes. "
                + "Send less at once, or start it with a larger --max-body-bytes "
                + "(CONVSERVE_MAX_BODY_BYTES)."
        )
    }

    private func lengthRequired(_ method: HTTPMethod) -> HTTPRefusal {
        HTTPRefusal(
            .lengthRequired,
            detail:
                "\(method.name) without Content-Length: send its number of bytes (0 for no body), "
                + "or Transfer-Encoding: chunked.")
    }

    private func refusal(_ flaw: HeaderFacts.Flaw) -> HTTPRefusal {
        switch flaw {
        case .badField:
            HTTPRefusal(
                .malformedHeader,
                detail:
                    "A header field has a name that is no token (RFC 9110, 5.6.2), as with a space, "
                    + "or a value with a control character. Remove that character.")
        case .repeatedField:
            HTTPRefusal(
                .conflictingLength,
                detail:
                    "Host, Content-Length, Transfer-Encoding or Inference-Header-Content-Length is "
                    + "there more than once. Send each at most once.")
        case .lengthAndCoding:
            HTTPRefusal(
                .conflictingLength,
                detail:
                    "Content-Length and Transfer-Encoding are both there, so where the body ends is "
                    + "not certain. Send one of them.")
        case .badLength:
            HTTPRefusal(
                .conflictingLength,
                detail:
                    "Content-Length is no decimal number below 2^63. Send the body's number of "
                    + "bytes, digits only."
            )
        case .unknownCoding:
            HTTPRefusal(
                .unsupportedTransferCoding,
                detail:
                    "Transfer-Encoding is supported as \"chunked\" alone, in HTTP/1.1. Send the body "
                    + "so, or with Content-Length.")
        case .unknownExpectation:
            HTTPRefusal(
                .expectationUnknown,
                detail: "Expect is supported as \"100-continue\" alone. Leave it out.")
        }
    }
}

extension ServerLimits {
    /// Bytes of a refused body that are read to give the answer a chance to arrive: 64 MiB, 20 ms
    /// of loopback.
    var discardByteCount: Int { 64 << 20 }
}
