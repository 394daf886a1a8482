// SPDX-License-Identifier: Apache-2.0

import HTTPTransport

/// `Accept`: what the caller wants to have the reply in (RFC 9110, 12.5.1).
extension HTTPRequest {
    /// The field, unless it wants anything at all.
    private var accept: String? {
        withHeader(.accept) { field in
            guard let field, !Self.isAnything(field), field[0] != 0 else { return nil }
            return String(cString: field)
        }
    }

    /// `*/*`
    private static func isAnything(_ accept: UnsafePointer<CChar>) -> Bool {
        accept[0] == 0x2A && accept[1] == 0x2F && accept[2] == 0x2A && accept[3] == 0
    }

    /// Refuses a caller who accepts none of the types.
    func checkAccept(_ mediaTypes: @autoclosure () -> [String]) throws(RequestFailure) {
        guard let accept else { return }
        let mediaTypes = mediaTypes()
        if mediaTypes.contains(where: { MediaType.weight(of: $0, in: accept) > 0 }) { return }
        throw notAcceptable(accept, mediaTypes)
    }

    /// The encoding that is wanted most of those that can carry so many tensors, of equals the request's
    /// own, of others the first.
    func replyEncoding(
        tensorCount: Int, own: TensorEncoding
    ) throws(RequestFailure) -> TensorEncoding {
        let own = own.carries(tensorCount) ? own : .json
        guard let accept else { return own }
        let encodings = TensorEncoding.negotiable.filter { $0.carries(tensorCount) }
        var best = (encoding: own, weight: MediaType.weight(of: own.mediaType, in: accept))
        for encoding in encodings {
            let weight = MediaType.weight(of: encoding.mediaType, in: accept)
            if weight > best.weight { best = (encoding, weight) }
        }
        if best.weight > 0 { return best.encoding }
        throw notAcceptable(accept, encodings.map(\.mediaType))
    }

    private func notAcceptable(_ accept: String, _ mediaTypes: [String]) -> RequestFailure {
        let list = mediaTypes.joined(separator: ", ")
        let those = mediaTypes.count == 1 ? "is what this path replies" : "are what it can reply"
        return .problem(
            Problem(
                status: 406,
                detail: "Accept \(Suggestion.quoted(accept)) leaves out \(list), which \(those) "
                    + "with; add one of them, or send Accept: */*"))
    }
}

extension Exchange {
    /// How a reply of so many tensors is encoded.
    func replyEncoding(tensorCount: Int) throws(RequestFailure) -> TensorEncoding {
        if document.inference != nil { return .openInference }
        return try request.replyEncoding(tensorCount: tensorCount, own: document.encoding)
    }
}
