// SPDX-License-Identifier: Apache-2.0

import JSONText

/// The value of a parameter outside JSON: in a query, or in the metadata of a file.
enum ParameterText {
    /// The JSON that `text` means: itself if it is JSON, `2,2` as a list, Python's True, False and None,
    /// and any other word as a string.
    static func json(_ text: String) -> String {
        switch text {
        case "True": "true"
        case "False": "false"
        case "None", "": "null"
        case _ where isJSON(text): text
        case _ where isIntegers(text): "[\(text)]"
        default: jsonString(text)
        }
    }

    static func isJSON(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { JSONDocument.fault(in: $0) == nil }
    }

    /// `2,2` and `1, 0, -1`
    private static func isIntegers(_ text: String) -> Bool {
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
        return items.count > 1
            && items.allSatisfy { Int($0.filter { $0 != " " }) != nil && !$0.contains("+") }
    }
}
