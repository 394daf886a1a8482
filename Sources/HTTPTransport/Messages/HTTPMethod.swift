// SPDX-License-Identifier: Apache-2.0

/// The request methods that a route can have; everything else is ``other``.
public enum HTTPMethod: UInt8, Sendable, Hashable, CaseIterable {
    case get, head, post, put, patch, delete, options, other

    /// The method as it stands on the request line.
    public var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .other: "(other)"
        }
    }

    /// Whether a request of this method is expected to carry a body, so that its length must be
    /// told.
    var needsLength: Bool { self == .post || self == .put || self == .patch }

    /// Method names are case-sensitive (RFC 9110, section 9.1).
    init(_ text: UnsafeBufferPointer<UInt8>) {
        self = HTTPMethod.allCases.dropLast().first { $0.name.utf8.elementsEqual(text) } ?? .other
    }
}
