// SPDX-License-Identifier: Apache-2.0

/// The names that an object of a request may have, or the words that a value may be: cases numbered
/// from 0, at most 64.
protocol RequestField: RawRepresentable<Int>, Sendable {
    /// The name on the wire.
    var name: StaticString { get }
    /// False for a second name of something, which lists of names leave out.
    var isListed: Bool { get }
    /// What a value may be beside these words, for a refusal to tell.
    static var hint: String { get }
}

extension RequestField {
    var isListed: Bool { true }
    static var hint: String { "" }

    /// The names that are listed, in order, but for those of `excluded`.
    static func names(excluding excluded: FieldSet<Self> = FieldSet()) -> [String] {
        var names: [String] = []
        var index = 0
        while let field = Self(rawValue: index) {
            if field.isListed, !excluded.contains(field) {
                names.append(field.name.description)
            }
            index += 1
        }
        return names
    }
}

/// Some of the fields of one object.
struct FieldSet<Field: RequestField>: Equatable, Sendable {
    private var bits: UInt64 = 0

    init(_ fields: Field...) { for field in fields { _ = insert(field) } }

    var isEmpty: Bool { bits == 0 }

    func contains(_ field: Field) -> Bool { bits >> UInt64(field.rawValue) & 1 == 1 }

    func union(_ other: FieldSet) -> FieldSet {
        var union = self
        union.bits |= other.bits
        return union
    }

    /// All that are not in it.
    var complement: FieldSet {
        var others = self
        others.bits = ~bits
        return others
    }

    /// False if it was there.
    mutating func insert(_ field: Field) -> Bool {
        defer { bits |= 1 << UInt64(field.rawValue) }
        return !contains(field)
    }
}
