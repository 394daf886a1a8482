// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the kernel says of the processor, for comparison with what the code under test found out by itself.
public struct CPUFlags {
    private let flags: Set<String>

    /// Reads `/proc/cpuinfo`.
    public init() throws {
        struct Missing: Error {}
        guard let file = fopen("/proc/cpuinfo", "r") else { throw Missing() }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 16_384)
        while fgets(&line, Int32(line.count), file) != nil {
            let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.hasPrefix("flags") else { continue }
            flags = Set(text.split { " \t\n:".contains($0) }.map(String.init))
            return
        }
        throw Missing()
    }

    /// Whether the processor has all of these.
    public func contain(_ names: String...) -> Bool { names.allSatisfy(flags.contains) }
}
