// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a request for a convolution: the caller's to mend.
public enum ConvolutionError: Error, Equatable, Sendable {
    /// `field` has a value that breaks a rule; `reason` tells the value, the rule and the cure.
    case invalid(field: String, reason: String)
    /// `field` asks for something that is right but that this engine does not do.
    case unsupported(field: String, reason: String)

    /// The parameter at fault, by its name in the HTTP contract.
    public var field: String {
        switch self {
        case .invalid(let field, _), .unsupported(let field, _): field
        }
    }

    /// The value, the rule and the cure, in one sentence or two.
    public var reason: String {
        switch self {
        case .invalid(_, let reason), .unsupported(_, let reason): reason
        }
    }
}
