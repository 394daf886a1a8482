// SPDX-License-Identifier: Apache-2.0

import CLanes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How many cores this process may use.
public enum ProcessorCount {
    /// The cores of the process's affinity, or fewer where its control group has a smaller quota
    /// (a container with a CPU limit is throttled if it runs more threads); read once.
    public static let available = max(1, min(Int(lanes_processor_count()), quota ?? .max))

    /// `cpu.max` of control groups v2: "quota period" in microseconds, or "max period".
    private static var quota: Int? {
        guard let file = fopen("/sys/fs/cgroup/cpu.max", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), period > 0
        else {
            return nil
        }
        return max(1, (quota + period - 1) / period)
    }
}
