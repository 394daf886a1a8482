// SPDX-License-Identifier: Apache-2.0

import CNettle

/// The SHA-256 of bytes that come piece by piece (FIPS 180-4), by nettle.
package struct SHA256 {
    private var state = sha256_ctx()

    package init() { nettle_sha256_init(&state) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.baseAddress else { return }
        nettle_sha256_update(&state, bytes.count, first.assumingMemoryBound(to: UInt8.self))
    }

    /// In hexadecimal digits; behind it the state begins anew.
    package mutating func digest() -> String {
        var bytes = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
        nettle_sha256_digest(&state, bytes.count, &bytes)
        return bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
