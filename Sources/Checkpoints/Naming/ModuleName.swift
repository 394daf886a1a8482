// SPDX-License-Identifier: Apache-2.0

/// Names such as `layer1.0.conv1`, part by part.
package enum ModuleName {
    /// `layer1.0` and `conv1`; the first is empty where there is no dot.
    static func split(_ name: String) -> (parent: String, last: String) {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return ("", name) }
        return (String(name[..<dot]), String(name[name.utf8.index(after: dot)...]))
    }

    static func joined(_ parent: String, _ child: String) -> String {
        parent.isEmpty ? child : child.isEmpty ? parent : parent + "." + child
    }

    /// The number that a part is, as in a `Sequential`.
    static func index(_ part: String) -> Int? {
        guard !part.isEmpty, part.utf8.count < 10, part.utf8.allSatisfy(isDigit) else { return nil }
        return Int(part)
    }

    /// What stands in front of the number at its end, and the number, -1 where there is none.
    static func numbered(_ part: Substring) -> (word: Substring, number: Int) {
        let digits = part.utf8.reversed().prefix(9).prefix(while: isDigit).count
        return (part.dropLast(digits), Int(part.suffix(digits)) ?? -1)
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// What `pattern` stands for at the end of `name`: its parent and the number of `#`, which is any digits.
    ///
    /// `stage1.0.rbr_conv.2.conv` ends with `rbr_conv.#.conv` below `stage1.0`.
    package static func parent(of name: String, endingWith pattern: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= wanted.count else { return nil }
        for (part, want) in zip(parts.suffix(wanted.count), wanted) {
            guard want == "#" ? index(String(part)) != nil : part == want else { return nil }
        }
        return parts.dropLast(wanted.count).joined(separator: ".")
    }
}
