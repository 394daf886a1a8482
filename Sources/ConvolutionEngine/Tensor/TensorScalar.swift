// SPDX-License-Identifier: Apache-2.0

import KernelInterface

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A scalar that the engine computes in.
public protocol TensorScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
    /// The element type that this scalar stands for.
    static var dtype: DType { get }
    /// The kernels for this scalar in a table.
    static func kernels(in table: KernelTable) -> GEMMKernels<Self>
    /// e^x
    static func exponential(_ x: Self) -> Self
    /// 2/√π · the integral of e^(−t²) from 0 to x
    static func errorFunction(_ x: Self) -> Self
    /// (e^x − e^-x) / (e^x + e^-x)
    static func hyperbolicTangent(_ x: Self) -> Self
}

extension Float: TensorScalar {
    /// The element type of this scalar.
    public static var dtype: DType { .float32 }
    /// The kernels for this scalar.
    public static func kernels(in table: KernelTable) -> GEMMKernels<Float> { table.float32 }
    /// e^x
    public static func exponential(_ x: Float) -> Float { expf(x) }
    /// The error function.
    public static func errorFunction(_ x: Float) -> Float { erff(x) }
    /// The hyperbolic tangent.
    public static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
}

extension Double: TensorScalar {
    /// The element type of this scalar.
    public static var dtype: DType { .float64 }
    /// The kernels for this scalar.
    public static func kernels(in table: KernelTable) -> GEMMKernels<Double> { table.float64 }
    /// e^x
    public static func exponential(_ x: Double) -> Double { exp(x) }
    /// The error function.
    public static func errorFunction(_ x: Double) -> Double { erf(x) }
    /// The hyperbolic tangent.
    public static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}
