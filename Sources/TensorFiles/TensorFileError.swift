// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no such file, or one that is refused: value, rule and cure.
public struct TensorFileError: Error, Equatable, Sendable {
    /// The name of the tensor that it is about, cut to 64 characters; nil if it is about the file.
    public let tensor: String?
    /// One sentence in lower case.
    public let reason: String
    /// What kind of fault it is.
    public let kind: Kind

    /// Kinds of faults, by what can be done about them.
    public enum Kind: Sendable {
        /// The bytes are no such file: damaged, cut off, or another one.
        case damaged
        /// The file is sound, but one of its tensors is none that can be computed with.
        case unsupported
        /// It would expand to more bytes than allowed.
        case tooLarge
    }

    /// Whether the file is refused because it would expand to more bytes than allowed.
    public var isTooLarge: Bool { kind == .tooLarge }

    init(tensor: String? = nil, _ reason: String, kind: Kind = .damaged) {
        self.tensor = tensor.map { excerpt($0) }
        self.reason = reason
        self.kind = kind
    }
}

/// A file's text as it may stand in a message: so many characters at most, none that moves a cursor.
package func excerpt(_ text: String, limit: Int = 64) -> String {
    var shown = String.UnicodeScalarView()
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == limit {
            shown.removeLast(3)
            return String(shown) + "..."
        }
        shown.append(scalar.properties.isPrintable ? scalar : "\u{FFFD}")
    }
    return String(shown)
}

/// ``excerpt(_:)`` in quotes.
func quoted(_ text: String) -> String { "\"\(excerpt(text))\"" }

/// `1 byte`, `2 bytes`
func counted(_ count: some BinaryInteger, _ unit: String) -> String {
    count == 1 ? "1 \(unit)" : "\(count) \(unit)s"
}

extension Unicode.Scalar.Properties {
    /// Neither a control character nor one that turns the direction of what follows.
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
            .privateUse:
            false
        default: true
        }
    }
}
