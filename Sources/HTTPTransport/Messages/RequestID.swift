// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Names of requests, for logs and for people who report a problem.
enum RequestID {
    /// The caller's name if it is sane: 1 to 128 letters, digits and `-_.:~+/=@`. Anything else
    /// could break a header, a log line or a page that shows it.
    static func accepted(_ id: String?) -> String? {
        guard let id, (1...128).contains(id.utf8.count), id.utf8.allSatisfy(isSafe) else {
            return nil
        }
        return id
    }

    /// A new name: 13 characters, so that the string needs no allocation; 64 bits, so that the
    /// names of many processes hardly meet.
    static func make() -> String {
        var bits = mixed(seed &+ counter.wrappingAdd(1, ordering: .relaxed).newValue)
        return String(unsafeUninitializedCapacity: 13) { text in
            for i in 0..<13 {
                text[i] = alphabet[Int(bits & 31)]
                bits >>= 5
            }
            return 13
        }
    }

    private static let counter = Atomic<UInt64>(0)
    private static let seed = UInt64.random(in: .min ... .max)
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// SplitMix64's finalizer: neighbours look unrelated, and no two numbers give the same.
    private static func mixed(_ n: UInt64) -> UInt64 {
        var z = n &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-_.:~+/=@".utf8.contains(byte)
        }
    }
}
