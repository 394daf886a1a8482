// SPDX-License-Identifier: Apache-2.0

/// Words for a name that we do not know, with the one that was probably meant.
enum Suggestion {
    /// `unknown field "pading"; did you mean "padding"? The fields here are ...`
    static func unknown(_ what: String, _ name: String, known: [String], kind: String) -> String {
        let list = known.map { "\"\($0)\"" }.joined(separator: ", ")
        let given = "unknown \(what) \(quoted(name))"
        guard let nearest = nearest(to: name, among: known) else {
            return "\(given); the \(kind) here are \(list)"
        }
        return "\(given); did you mean \"\(nearest)\"? The \(kind) here are \(list)"
    }

    /// A name as sent, cut to a length fit for a message.
    static func quoted(_ name: String) -> String {
        name.unicodeScalars.count <= 48
            ? "\"\(name)\""
            : "\"\(String(String.UnicodeScalarView(name.unicodeScalars.prefix(45))))...\""
    }

    /// The known name with the fewest changes to it, if they are few enough to be a slip.
    static func nearest(to name: String, among known: [String]) -> String? {
        let given = Array(name.utf8.prefix(49)).map(lowercase)
        guard given.count <= 48, !given.isEmpty else { return nil }
        let ranked = known.map { (name: $0, distance: distance(given, Array($0.utf8))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        if best.distance <= max(1, best.name.utf8.count / 3) { return best.name }
        return known.first { starts(given, with: Array($0.utf8)) }
    }

    /// `pad` for `padding`, `dilations` for `dilation`, `in_weight` no.
    private static func starts(_ given: [UInt8], with known: [UInt8]) -> Bool {
        let shorter = min(given.count, known.count)
        return shorter >= 3 && given.prefix(shorter).elementsEqual(known.prefix(shorter))
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte == UInt8(ascii: "-") ? 0x5F : byte
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            before = last
            last = row
        }
        return last[b.count]
    }
}
