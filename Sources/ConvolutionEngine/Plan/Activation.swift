// SPDX-License-Identifier: Apache-2.0

/// What the sums of a convolution become on their way out, as `torch.nn.functional` has it; NaN stays
/// NaN in all of them.
public enum Activation: String, Sendable, CaseIterable {
    /// x
    case none
    /// max(x, 0)
    case relu
    /// min(max(x, 0), 6)
    case relu6
    /// x · sigmoid(x)
    case silu
    /// x · Φ(x), with the error function, not the approximation by tanh
    case gelu
    /// x · relu6(x + 3) / 6
    case hardswish
    /// 1 / (1 + e^-x)
    case sigmoid
    /// (e^x − e^-x) / (e^x + e^-x)
    case tanh

    /// Its name in the contract.
    public var name: String { rawValue }

    /// Applies it to `count` values.
    func apply<Scalar: TensorScalar>(to values: UnsafeMutablePointer<Scalar>, count: Int) {
        switch self {
        case .none: break
        case .relu: Self.map(values, count) { $0 < 0 ? 0 : $0 }
        case .relu6: Self.map(values, count) { $0 < 0 ? 0 : $0 > 6 ? 6 : $0 }
        case .silu: Self.map(values, count) { $0 / (1 + Scalar.exponential(-$0)) }
        case .gelu:
            let scale = Scalar(0.5).squareRoot()
            Self.map(values, count) { $0 * 0.5 * (1 + Scalar.errorFunction($0 * scale)) }
        case .hardswish: Self.map(values, count) { $0 * min(max($0 + 3, 0), 6) / 6 }
        case .sigmoid: Self.map(values, count) { 1 / (1 + Scalar.exponential(-$0)) }
        case .tanh: Self.map(values, count) { Scalar.hyperbolicTangent($0) }
        }
    }

    @inline(__always) private static func map<Scalar>(
        _ values: UnsafeMutablePointer<Scalar>, _ count: Int, _ function: (Scalar) -> Scalar
    ) {
        for i in 0..<count { values[i] = function(values[i]) }
    }
}
