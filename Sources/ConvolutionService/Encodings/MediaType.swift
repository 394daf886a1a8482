// SPDX-License-Identifier: Apache-2.0

/// A media type such as `application/json`, and whether `Accept` wants it (RFC 9110, 12.5.1).
enum MediaType {
    /// How much a reply of `type` ("application/json") is wanted, 0 to 1, by the most specific range that
    /// fits; 0 if none does.
    static func weight(of type: String, in accept: String) -> Double {
        let family = type.prefix { $0 != "/" } + "/*"
        var best = (specificity: -1, weight: 0.0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map(trimmed)
            guard let name = parts.first?.lowercased() else { continue }
            let specificity = name == type ? 2 : name == family ? 1 : name == "*/*" ? 0 : -1
            guard specificity > best.specificity else { continue }
            best = (specificity, parts.dropFirst().lazy.compactMap(quality).first ?? 1)
        }
        return best.weight
    }

    /// The type without its parameters, lower case.
    static func essence(_ contentType: String) -> String {
        trimmed(contentType.prefix { $0 != ";" }).lowercased()
    }

    /// `charset`, lower case, if the type tells one.
    static func charset(_ contentType: String) -> String? {
        for parameter in contentType.split(separator: ";").dropFirst().map(trimmed)
        where parameter.lowercased().hasPrefix("charset=") {
            return parameter.dropFirst(8).lowercased().filter { $0 != "\"" }
        }
        return nil
    }

    /// The number of `q=0.5`; nil for other parameters.
    private static func quality(_ parameter: Substring) -> Double? {
        let parts = parameter.split(separator: "=")
        guard parts.count == 2, parts[0].lowercased() == "q" else { return nil }
        return Double(parts[1]).map { min(max($0, 0), 1) }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return start[...last]
    }
}
