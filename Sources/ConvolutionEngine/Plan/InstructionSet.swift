// SPDX-License-Identifier: Apache-2.0

import CLanes
import KernelInterface
import KernelsPortable

#if arch(x86_64)
import KernelsAVX2
import KernelsAVX512
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Which of the compiled sets of kernels runs.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// What every processor of this architecture has: SSE2, or NEON on Arm.
    case portable
    /// x86-64-v3.
    case avx2
    /// x86-64-v4.
    case avx512

    /// What the environment variable and replies call it.
    public var name: String { rawValue }

    /// The environment variable that asks for one of them.
    public static let variable = "CONVSERVE_ISA"

    /// The kernels compiled for it; nil where this build or this processor has none.
    public var kernels: KernelTable? {
        guard Self.available.contains(self) else { return nil }
        switch self {
        case .portable: return KernelsPortable.kernels
        #if arch(x86_64)
        case .avx2: return KernelsAVX2.kernels
        case .avx512: return KernelsAVX512.kernels
        #else
        case .avx2, .avx512: return nil
        #endif
        }
    }

    /// Those that this processor and its operating system can run, the best one last.
    public static let available: [InstructionSet] = {
        #if arch(x86_64)
        Array([portable, avx2, avx512].prefix(Int(lanes_x86_level())))
        #else
        [portable]
        #endif
    }()

    /// The one that runs: what ``variable`` asks for, if it can run here, else the best.
    public static let current: InstructionSet = requested ?? available.last!

    /// What ``variable`` asks for; nil where it is unset or names none that can run here.
    public static var requested: InstructionSet? {
        getenv(variable).flatMap { InstructionSet(rawValue: String(cString: $0)) }
            .flatMap { available.contains($0) ? $0 : nil }
    }
}

extension KernelTable {
    /// The kernels that run.
    public static let best: KernelTable = InstructionSet.current.kernels!
}
