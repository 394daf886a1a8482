// SPDX-License-Identifier: Apache-2.0

/// `text` between quotes, with what must be escaped escaped.
package func jsonString(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy {
        $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != 0x7F
    }
    if isPlain { return "\"" + text + "\"" }
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// A name as the next part of a pointer (RFC 6901), which escapes what it separates them with.
package func jsonPointerPart(_ name: String) -> String {
    "/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
}

/// `["a","b"]`
package func jsonList(_ texts: [String]) -> String {
    "[" + texts.map(jsonString).joined(separator: ",") + "]"
}

/// `[1,2,3]`
package func jsonList(_ numbers: [Int]) -> String {
    "[" + numbers.map(String.init).joined(separator: ",") + "]"
}
