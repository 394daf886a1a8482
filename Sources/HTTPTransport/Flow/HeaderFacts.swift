// SPDX-License-Identifier: Apache-2.0

/// What a request's header says about its body.
struct HeaderFacts: Sendable {
    /// What is wrong, the worst first.
    enum Flaw: Sendable, CaseIterable {
        case badField, repeatedField, lengthAndCoding, badLength, unknownCoding, unknownExpectation
    }

    let flaw: Flaw?
    /// `Content-Length`.
    let announcedByteCount: Int?
    let isChunked: Bool
    /// The client sends the body only when told to.
    let waitsForContinue: Bool

    /// Whether the body may have more bytes than that.
    func mayExceed(_ byteCount: Int) -> Bool {
        isChunked || announcedByteCount ?? 0 > byteCount
    }
}
