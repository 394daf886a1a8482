// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The header of a reply as the shim takes it: name NUL value NUL ... NUL, on the stack.
enum HeaderBlock {
    static func with(_ response: HTTPResponse, id: String, _ body: (UnsafePointer<CChar>) -> Void) {
        var size = 32 + id.utf8.count
        for (name, value) in response.headers { size += name.utf8.count + value.utf8.count + 2 }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { memory in
            var end = memory.baseAddress!
            for (name, value) in response.headers where isSendable(name, value) {
                append(name, &end)
                append(value, &end)
            }
            append("X-Request-Id", &end)
            append(id, &end)
            end.pointee = 0
            body(memory.baseAddress!)
        }
    }

    /// Whether a field cannot break the header: a line end in it would begin another field.
    static func isSendable(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && !has(name) { $0 <= 32 } && !has(value) { $0 < 32 && $0 != 9 }
    }

    private static func has(_ text: String, _ isBad: (UInt8) -> Bool) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { $0.contains(where: isBad) }
            ?? text.utf8.contains(where: isBad)
    }

    private static func append(_ text: String, _ end: inout UnsafeMutablePointer<CChar>) {
        text.utf8.withContiguousStorageIfAvailable { bytes in
            if let start = bytes.baseAddress { memcpy(end, start, bytes.count) }
        }
        end += text.utf8.count
        end.pointee = 0
        end += 1
    }
}

extension HTTPBody {
    /// The body with what is empty left out, and the parts of a short one joined: several parts are sent
    /// behind the header, a single one with it.
    var sent: HTTPBody {
        guard case .parts(let parts) = self else { return self }
        let filled = parts.allSatisfy { $0.count > 0 } ? parts : parts.filter { $0.count > 0 }
        if filled.isEmpty { return .empty }
        guard filled.count > 1, byteCount <= Self.joinedByteCount else { return .parts(filled) }
        let joined = ByteBuffer(capacity: byteCount)
        for part in filled { joined.append(part.readable) }
        return .parts([joined])
    }

    /// To copy so much takes half a microsecond, another write to the socket several.
    private static let joinedByteCount = 16 << 10
}
