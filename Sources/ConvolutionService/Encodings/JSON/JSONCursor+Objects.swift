// SPDX-License-Identifier: Apache-2.0

/// Objects and lists.
extension JSONCursor {
    /// Reads an object whose fields are those of `Field` (less `excluded`), in any order, each at
    /// most once; `read` consumes the value. A field that is `null` counts as absent.
    mutating func readObject<Field: RequestField>(
        _: Field.Type, excluding excluded: FieldSet<Field> = FieldSet(),
        _ read: (inout JSONCursor, Field) throws(RequestFailure) -> Void
    ) throws(RequestFailure) {
        try expect("{")
        if take("}") { return }
        var seen = FieldSet<Field>()
        repeat {
            let key = try readText()
            let field = try match(key, excluding: excluded) as Field
            guard seen.insert(field) else {
                throw .value(
                    at: key.offset, "\"\(field.name)\" is given twice; leave one of the two out")
            }
            try expect(":")
            if takeWord("null") { continue }
            try read(&self, field)
        } while take(",")
        try expect("}")
    }

    private func match<Field: RequestField>(
        _ key: JSONText, excluding excluded: FieldSet<Field>
    ) throws(RequestFailure) -> Field {
        var index = 0
        while let field = Field(rawValue: index) {
            if key.equals(field.name), !excluded.contains(field) { return field }
            index += 1
        }
        let known = Field.names(excluding: excluded)
        throw .value(
            at: key.offset, Suggestion.unknown("field", key.excerpt, known: known, kind: "fields"))
    }

    /// Reads a list; `read` consumes each element.
    mutating func readList(
        _ read: (inout JSONCursor) throws(RequestFailure) -> Void
    ) throws(RequestFailure) {
        try expect("[")
        if take("]") { return }
        repeat { try read(&self) } while take(",")
        try expect("]")
    }
}
