// SPDX-License-Identifier: Apache-2.0

/// Why a request cannot be done, as the place that noticed it knows it; ``Problem`` is the reply.
enum RequestFailure: Error {
    /// The text is no JSON document at this byte (or so it seemed; the document decides).
    case malformed(at: Int)
    /// The value at this byte, or what is `below` it ("/1/2"), breaks a rule.
    case value(at: Int, below: String, reason: String)
    /// The value at this pointer breaks a rule.
    case field(pointer: String, reason: String)
    /// Answered with this, whatever the body says.
    case problem(Problem)

    static func value(at offset: Int, _ reason: String) -> RequestFailure {
        .value(at: offset, below: "", reason: reason)
    }

    /// A required field that the object at `offset` does not have.
    static func missing(_ name: StaticString, at offset: Int, _ cure: String) -> RequestFailure {
        .value(at: offset, below: "/\(name)", reason: "\"\(name)\" is required: \(cure)")
    }
}
