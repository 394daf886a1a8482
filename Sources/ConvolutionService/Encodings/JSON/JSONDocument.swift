// SPDX-License-Identifier: Apache-2.0

import JSONText

/// Checks a whole text against RFC 8259 and finds the JSON pointer of one byte in it.
///
/// Only requests that failed come here, so it is written to be plain rather than fast. No depth of
/// nesting can exhaust the stack: ``depthLimit`` ends it first.
/// Beyond the RFC it takes `NaN`, `Infinity` and `-Infinity` for numbers, as Python's `json` writes
/// them.
struct JSONDocument {
    /// Where a text stops being JSON.
    struct Fault: Equatable {
        let offset: Int
        let reason: String
    }

    /// A list and the index in it, or an object and where its current key is in the text.
    enum Container {
        case list(index: Int)
        case object(key: Range<Int>)
    }

    /// Deeper documents are refused; a request needs ten levels.
    static let depthLimit = 64

    let text: UnsafeRawBufferPointer
    let sought: Int
    /// Whether tensors came beside the text, so that there are references to them in it.
    let hasReferences: Bool
    var position = 0
    var path: [Container] = []
    /// The value or key that `sought` is in, RFC 6901, once ``check()`` has passed it.
    private(set) var pointer = ""
    private var found = false

    /// `sought`: the byte whose pointer is wanted.
    init(_ text: UnsafeRawBufferPointer, sought: Int, hasReferences: Bool = false) {
        self.text = text
        self.sought = sought
        self.hasReferences = hasReferences
    }

    /// Why `text` is no JSON; nil if it is.
    static func fault(in text: UnsafeRawBufferPointer) -> Fault? {
        var document = JSONDocument(text, sought: -1)
        return document.check()
    }

    /// Walks the whole text. Nil: it is JSON, and ``pointer`` is known.
    mutating func check() -> Fault? {
        do {
            try checkStart()
            try document()
            return nil
        } catch {
            return error
        }
    }

    private func checkStart() throws(Fault) {
        if text.isEmpty { throw Fault(offset: 0, reason: Self.emptyReason) }
        if text.starts(with: [0xEF, 0xBB, 0xBF]) || text[0] >= 0xFE {
            throw Fault(offset: 0, reason: "a byte order mark; send UTF-8 without one")
        }
    }

    private static let emptyReason = """
        the body is empty; send an object such as {"input": [[...]], "weight": [[...]]}
        """

    /// A value; then what stands between the values of the containers that are open, until none is.
    private mutating func document() throws(Fault) {
        try beginValue()
        while !path.isEmpty {
            skipBlank()
            try step()
        }
        skipBlank()
        if position < text.count {
            throw Fault(
                offset: position, reason: "\(describe()) behind the end of the document")
        }
    }

    /// Behind a value inside the innermost container: a comma and the next value, or its end.
    private mutating func step() throws(Fault) {
        note(until: position + 1)
        switch (path[path.count - 1], current) {
        case (.list(let index), UInt8(ascii: ",")):
            position += 1
            path[path.count - 1] = .list(index: index + 1)
            try beginValue()
        case (.object, UInt8(ascii: ",")):
            position += 1
            try beginMember()
        case (.list, UInt8(ascii: "]")), (.object, UInt8(ascii: "}")):
            position += 1
            path.removeLast()
        case (.list, _): throw fault("\",\" or \"]\" is expected")
        case (.object, _): throw fault("\",\" or \"}\" is expected")
        }
    }

    private mutating func beginMember() throws(Fault) {
        skipBlank()
        guard current == UInt8(ascii: "\"") else { throw fault("a name in quotes is expected") }
        let start = position + 1
        try string()
        path[path.count - 1] = .object(key: start..<(position - 1))
        note(until: position)
        skipBlank()
        guard current == UInt8(ascii: ":") else { throw fault("\":\" is expected") }
        position += 1
        try beginValue()
    }

    /// Consumes a scalar, or opens a container and goes on with its first value.
    private mutating func beginValue() throws(Fault) {
        skipBlank()
        switch current {
        case UInt8(ascii: "{"): try open(.object(key: 0..<0), closing: "}")
        case UInt8(ascii: "["): try open(.list(index: 0), closing: "]")
        case UInt8(ascii: "\""):
            try string()
            note(until: position)
        default:
            try scalar()
            note(until: position)
        }
    }

    private mutating func open(
        _ container: Container, closing: Unicode.Scalar
    ) throws(Fault) {
        note(until: position + 1)
        guard path.count < Self.depthLimit else {
            throw fault("nested deeper than \(Self.depthLimit) levels")
        }
        position += 1
        skipBlank()
        if current == UInt8(ascii: closing) {
            note(until: position + 1)
            position += 1
            return
        }
        path.append(container)
        if case .object = container { try beginMember() } else { try beginValue() }
    }

    /// Remembers where we are if the sought byte lies in front of `end`.
    private mutating func note(until end: Int) {
        guard !found, sought < end else { return }
        found = true
        pointer = path.map(token).joined()
    }

    private func token(_ container: Container) -> String {
        switch container {
        case .list(let index): "/\(index)"
        case .object(let key):
            jsonPointerPart(name(key))
        }
    }

    /// A name, cut to 64 characters.
    private func name(_ key: Range<Int>) -> String {
        let bytes = UnsafeRawBufferPointer(rebasing: text[key]).bindMemory(to: UInt8.self)
        let hasEscapes = bytes.contains(UInt8(ascii: "\\"))
        let name = JSONText(bytes: bytes, hasEscapes: hasEscapes, offset: key.lowerBound).excerpt
        return String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))
    }
}

extension JSONDocument.Fault: Error {}
