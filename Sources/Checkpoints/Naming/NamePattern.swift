// SPDX-License-Identifier: Apache-2.0

/// A pattern for names of modules: `*` is any characters, dots too, `?` is one.
public struct NamePattern: Equatable, Sendable {
    /// As the caller wrote it.
    public let text: String

    /// A pattern as the caller wrote it.
    public init(_ text: String) { self.text = text }

    /// Whether the whole name is one of those.
    ///
    /// Linear in the name for each `*`: a star that matched too little is the only place to go back to.
    public func matches(_ name: String) -> Bool {
        let pattern = Array(text.utf8), name = Array(name.utf8)
        var at = 0, p = 0
        var star: (pattern: Int, name: Int)?
        while at < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, at)
                p += 1
            } else if p < pattern.count, pattern[p] == name[at] || pattern[p] == UInt8(ascii: "?") {
                (at, p) = (at + 1, p + 1)
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                (p, at) = (last.pattern + 1, last.name + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
