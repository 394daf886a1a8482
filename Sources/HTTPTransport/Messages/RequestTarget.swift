// SPDX-License-Identifier: Apache-2.0

/// The forms that the target of a request line has (RFC 9112, section 3.2).
enum RequestTarget {
    /// The path of an origin-form (`/v1`), of an absolute-form (`http://host/v1`) or `*`.
    static func path(of target: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard target.first != UInt8(ascii: "/"), let authority = authorityStart(target) else {
            return target
        }
        guard let slash = target[authority...].firstIndex(of: UInt8(ascii: "/")) else {
            return root
        }
        return UnsafeBufferPointer(rebasing: target[slash...])
    }

    private static func authorityStart(_ target: UnsafeBufferPointer<UInt8>) -> Int? {
        [("http://" as StaticString), "https://"].first { scheme in
            target.count > scheme.utf8CodeUnitCount
                && target.prefix(scheme.utf8CodeUnitCount).elementsEqual(bytes(scheme)) {
                    $0 | 0x20 == $1 | 0x20
                }
        }?.utf8CodeUnitCount
    }

    private static var root: UnsafeBufferPointer<UInt8> { bytes("/") }

    private static func bytes(_ text: StaticString) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
