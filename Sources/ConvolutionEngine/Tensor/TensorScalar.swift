// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A scalar that the engine computes in.
public protocol TensorScalar: BinaryFloatingPoint, Sendable {
    /// The element type that this scalar stands for.
    static var dtype: DType { get }
    /// The kernels for this scalar in a table.
    static func kernels(in table: KernelTable) -> GEMMKernels<Self>
}

extension Float: TensorScalar {
    /// The element type of this scalar.
    public static var dtype: DType { .float32 }
    /// The kernels for this scalar.
    public static func kernels(in table: KernelTable) -> GEMMKernels<Float> { table.float32 }
}

extension Double: TensorScalar {
    /// The element type of this scalar.
    public static var dtype: DType { .float64 }
    /// The kernels for this scalar.
    public static func kernels(in table: KernelTable) -> GEMMKernels<Double> { table.float64 }
}
