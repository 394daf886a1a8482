// SPDX-License-Identifier: Apache-2.0

/// How values appear in messages.
package enum Spelling {
    /// A list, but not all of one with thousands of elements.
    package static func list<Element>(_ values: [Element]) -> String {
        let isLong = values.count > 8
        let first = values.prefix(isLong ? 6 : 8).map { "\($0)" }
        return "[" + (first + (isLong ? ["..."] : [])).joined(separator: ", ") + "]"
    }

    /// A parameter as the caller wrote it: `3` rather than `[3]`.
    package static func parameter(_ values: [Int]) -> String {
        values.count == 1 ? "\(values[0])" : list(values)
    }

    /// What a parameter may be that has one value for each spatial dimension.
    package static func oneOrEach(_ spatialRank: Int) -> String {
        let lists = " or a list of \(spatialRank), one for each spatial dimension"
        return "one number" + (spatialRank == 1 ? "" : lists)
    }

    /// "1 dimension", "2 dimensions"
    package static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}
