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

    /// Whether a body is to come that had better not be received if the service refuses the request. Smaller ones are
    /// with it already, or on their way: the handler judges those, once.
    func isWorthJudging(_ smallByteCount: Int) -> Bool {
        isChunked || waitsForContinue || announcedByteCount ?? 0 > smallByteCount
    }
}
