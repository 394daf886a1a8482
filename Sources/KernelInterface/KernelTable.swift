// SPDX-License-Identifier: Apache-2.0

/// The plain functions that one instruction set provides, for each scalar.
///
/// The engine picks one table when it starts; everything above the kernels is the same for all.
public struct KernelTable: Sendable {
    /// `avx512`, `avx2` or `portable`: what `CONVSERVE_ISA` calls it.
    public let name: String
    /// Kernels in single precision.
    public let float32: GEMMKernels<Float>
    /// Kernels in double precision.
    public let float64: GEMMKernels<Double>

    /// A table of the two sets of kernels.
    public init(name: String, float32: GEMMKernels<Float>, float64: GEMMKernels<Double>) {
        self.name = name
        self.float32 = float32
        self.float64 = float64
    }
}
