// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The values of a route's `{names}`.
public struct RouteParameters: Sendable, Hashable {
    let values: [String]
    let names: [String]

    /// Those of a path without any.
    public static let none = RouteParameters(values: [], names: [])

    /// The value of a name that the pattern has.
    public subscript(name: String) -> String? { names.firstIndex(of: name).map { values[$0] } }
}

/// A path with `{names}` for some of its segments.
struct RoutePattern: Sendable {
    let text: String
    private let bytes: [UInt8]
    private let segments: [Segment]
    private let names: [String]

    private enum Segment: Sendable {
        case literal([UInt8])
        case parameter
    }

    var parameterCount: Int { names.count }

    init(_ text: String) {
        precondition(text.utf8.first == UInt8(ascii: "/"), "a route's path begins with /: \(text)")
        self.text = text
        bytes = Array(text.utf8)
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        segments = parts.map { $0.hasPrefix("{") ? .parameter : .literal(Array($0.utf8)) }
        names = parts.filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// The parameters if the path fits. Nothing is allocated for paths without names and escapes.
    func match(_ path: UnsafeBufferPointer<UInt8>) -> RouteParameters? {
        if names.isEmpty, path.count == bytes.count,
            memcmp(path.baseAddress!, bytes, bytes.count) == 0
        {
            return RouteParameters(values: [], names: [])
        }
        guard !names.isEmpty || path.contains(UInt8(ascii: "%")) else { return nil }
        return matchSegments(path)
    }

    private func matchSegments(_ path: UnsafeBufferPointer<UInt8>) -> RouteParameters? {
        let parts = path.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard path.first == UInt8(ascii: "/"), parts.count == segments.count else { return nil }
        var values: [String] = []
        for (part, segment) in zip(parts, segments) {
            guard let value = PercentEncoding.decoded(part) else { return nil }
            switch segment {
            case .literal(let bytes): if !value.utf8.elementsEqual(bytes) { return nil }
            case .parameter:
                if ["", ".", ".."].contains(value) { return nil } else { values.append(value) }
            }
        }
        return RouteParameters(values: values, names: names)
    }
}
