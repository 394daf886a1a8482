// SPDX-License-Identifier: Apache-2.0

import JSONText

/// Makes the document of a request whose parameters and tensors come by name.
///
/// A dot in a name leads into an object, and names 0, 1, ... into a list: `bn.weight` is the field
/// "weight" of "bn", `branches.0.kind` that of the first branch.
struct DocumentBuilder {
    /// One name and what it stands for, as JSON or a reference.
    private struct Entry {
        let path: [Substring]
        let text: String
    }

    private var entries: [Entry] = []
    private(set) var tensors: [WireTensor] = []

    /// Names are no deeper than this; answers the one of a million dots.
    private static let depthLimit = 8

    /// A parameter, in the words of a query or of a file.
    mutating func add(_ name: String, parameter: String) throws(RequestFailure) {
        try add(name, text: ParameterText.json(parameter))
    }

    mutating func add(_ name: String, _ tensor: WireTensor) throws(RequestFailure) {
        tensors.append(tensor)
        try add(name, text: "\(JSONCursor.reference)\(tensors.count - 1)")
    }

    /// A value that is JSON already.
    mutating func add(_ name: String, text: String) throws(RequestFailure) {
        let path =
            name.utf8.contains(UInt8(ascii: "."))
            ? name.split(separator: ".", omittingEmptySubsequences: false) : [name[...]]
        guard path.count <= Self.depthLimit else {
            throw .field(
                pointer: "",
                reason: "the name \(Suggestion.quoted(name)) has \(path.count) parts, and "
                    + "\(Self.depthLimit) are the most; a dot leads into an object")
        }
        entries.append(Entry(path: path, text: text))
    }

    /// The document.
    var text: String { entries.isEmpty ? "{}" : Self.text(entries[...], depth: 0) }

    /// The object or list of what has the first `depth` parts of its names in common. A name that is
    /// there twice stays there twice, for the reader to refuse.
    private static func text(_ entries: ArraySlice<Entry>, depth: Int) -> String {
        var order: [Substring] = []
        var groups: [Substring: [Entry]] = [:]
        var members: [(name: Substring, text: String)] = []
        for entry in entries {
            let name = entry.path[depth]
            if entry.path.count == depth + 1 {
                members.append((name, entry.text))
            } else {
                if groups[name] == nil { order.append(name) }
                groups[name, default: []].append(entry)
            }
        }
        for name in order { members.append((name, text(groups[name]![...], depth: depth + 1))) }
        if depth > 0, let list = list(members) { return list }
        let fields = members.map { "\(jsonString(String($0.name))):\($0.text)" }
        return "{\(fields.joined(separator: ","))}"
    }

    /// `[a,b]` if the names are 0 and 1, in any order.
    private static func list(_ members: [(name: Substring, text: String)]) -> String? {
        var items: [String?] = Array(repeating: nil, count: members.count)
        for (name, text) in members {
            guard let index = Int(name), items.indices.contains(index), items[index] == nil else {
                return nil
            }
            items[index] = text
        }
        return "[\(items.map { $0! }.joined(separator: ","))]"
    }
}
