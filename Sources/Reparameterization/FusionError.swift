// SPDX-License-Identifier: Apache-2.0

/// Why branches cannot become one convolution: the caller's to mend.
public struct FusionError: Error, Equatable, Sendable {
    /// Where the fault is in the request: `["branches", "1", "bn", "running_var"]`.
    public let path: [String]
    /// The value, the rule and the cure.
    public let reason: String

    /// An error at a place of the request.
    public init(path: [String], reason: String) {
        self.path = path
        self.reason = reason
    }

    /// The place as a JSON pointer: `/branches/1/bn/running_var`.
    public var pointer: String { path.map { "/" + $0 }.joined() }
}
