// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// What a caller sent to `fuse/checkpoint` beside the checkpoint.
struct CheckpointRequest: Sendable {
    var options = CheckpointOptions()
    /// Whether a layer or block that cannot be fused is an error, and not a refusal in the report.
    var isStrict = false

    /// Reads the parameters of a request.
    init(json cursor: inout JSONCursor) throws(RequestFailure) {
        var options = CheckpointOptions(), isStrict = false
        try cursor.readObject(CheckpointField.self) { cursor, field throws(RequestFailure) in
            switch field {
            case .family:
                cursor.skipBlank()
                let place = cursor.offset
                try cursor.readOneOrMore { cursor throws(RequestFailure) in
                    options.families.insert(try cursor.readWord("family", FamilyWord.self).family)
                }
                if options.families.isEmpty {
                    throw .value(at: place, "[] names no family; leave it out to look for all")
                }
            case .eps: options.eps = try cursor.readEps()
            case .groups:
                try cursor.readMembers { cursor, name throws(RequestFailure) in
                    options.groups.append((NamePattern(name), try cursor.readPositive()))
                }
            case .transposed: options.transposed = try cursor.readPatterns()
            case .pairs:
                try cursor.readMembers { cursor, name throws(RequestFailure) in
                    options.pairs.append((name, try cursor.readString()))
                }
            case .exclude: options.exclude = try cursor.readPatterns()
            case .stripPrefix: options.strippedPrefix = try cursor.readString()
            case .strict: isStrict = try cursor.readBool()
            }
        }
        (self.options, self.isStrict) = (options, isStrict)
    }
}

extension JSONCursor {
    /// A value, or a list of them.
    fileprivate mutating func readOneOrMore(
        _ read: (inout JSONCursor) throws(RequestFailure) -> Void
    ) throws(RequestFailure) {
        skipBlank()
        if next == UInt8(ascii: "[") { try readList(read) } else { try read(&self) }
    }

    fileprivate mutating func readPatterns() throws(RequestFailure) -> [NamePattern] {
        var patterns: [NamePattern] = []
        try readOneOrMore { cursor throws(RequestFailure) in
            patterns.append(NamePattern(try cursor.readString()))
        }
        return patterns
    }

    /// A number for all batch norms, or an object of patterns and numbers.
    fileprivate mutating func readEps() throws(RequestFailure) -> [(
        pattern: NamePattern, value: Double
    )] {
        skipBlank()
        guard next == UInt8(ascii: "{") else { return [(NamePattern("*"), try readEpsilon())] }
        var eps: [(pattern: NamePattern, value: Double)] = []
        try readMembers { cursor, name throws(RequestFailure) in
            eps.append((NamePattern(name), try cursor.readEpsilon()))
        }
        return eps
    }

    private mutating func readEpsilon() throws(RequestFailure) -> Double {
        skipBlank()
        let place = offset, value = try readNumber()
        guard value >= 0 else {
            throw .value(
                at: place, "\(value) is no eps; it is 0 or more, and 1e-5 is PyTorch's default")
        }
        return value
    }

    fileprivate mutating func readPositive() throws(RequestFailure) -> Int {
        skipBlank()
        let place = offset, value = try readInteger()
        guard value >= 1 else {
            throw .value(at: place, "\(value) are no groups; there is at least 1")
        }
        return value
    }
}
