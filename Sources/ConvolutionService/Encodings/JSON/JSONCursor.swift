// SPDX-License-Identifier: Apache-2.0

/// Walks the text of a request and reads values out of it without building a tree.
///
/// Goals, in order: nothing that is not JSON is taken for JSON; no memory for what is not kept; no
/// `String` on the way to success. A failure carries only the offset where it was met: what the
/// whole document is worth, and the pointer to the place, are found by ``JSONDocument`` afterwards.
/// *Assumption:* 64 readable bytes follow the text, the first of them 0, so that looking at the
/// next byte needs no test for the end.
struct JSONCursor {
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    private(set) var at: UnsafePointer<UInt8>
    /// What references mean; empty for a document that a caller wrote.
    let tensors: [WireTensor]

    /// What a reference to a tensor begins with, before its number; it begins nothing in JSON.
    static let reference: Unicode.Scalar = "\u{1}"

    /// At the first byte of `text`, which must not be empty.
    init(_ text: UnsafeRawBufferPointer, tensors: [WireTensor] = []) {
        self.tensors = tensors
        start = text.baseAddress!.assumingMemoryBound(to: UInt8.self)
        end = start + text.count
        at = start
    }

    /// Bytes in front of the cursor.
    var offset: Int { at - start }
    /// The byte at the cursor; 0 at the end.
    var next: UInt8 { at.pointee }

    mutating func advance(by count: Int = 1) { at += count }
    mutating func move(to position: UnsafePointer<UInt8>) { at = position }

    mutating func skipBlank() {
        while next == UInt8(ascii: " ") || next == 0x0A || next == 0x0D || next == 0x09 { at += 1 }
    }

    /// Skips blanks; consumes `byte` if it comes next.
    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipBlank()
        guard next == UInt8(ascii: byte) else { return false }
        at += 1
        return true
    }

    /// Like ``take(_:)``, but anything else is an error.
    mutating func expect(_ byte: Unicode.Scalar) throws(RequestFailure) {
        guard take(byte) else { throw .malformed(at: offset) }
    }

    /// Consumes the word if it stands here whole.
    mutating func takeWord(_ word: StaticString) -> Bool {
        skipBlank()
        let count = word.utf8CodeUnitCount
        guard end - at >= count, sameBytes(at, word.utf8Start, count) else { return false }
        at += count
        return true
    }

    /// Nothing but blanks may follow the document.
    mutating func expectEnd() throws(RequestFailure) {
        skipBlank()
        guard at == end else { throw .malformed(at: offset) }
    }

    /// What kind of value comes next, for an error that expected another.
    func describeNext() -> String {
        var ahead = self
        ahead.skipBlank()
        return switch ahead.next {
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "a list"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "true or false"
        case UInt8(ascii: "n"): "null"
        case UInt8(ascii: Self.reference): "a tensor"
        default: "a number"
        }
    }
}
