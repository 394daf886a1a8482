// SPDX-License-Identifier: Apache-2.0

extension Activation {
    /// The gradient of the sums: `gradOutput · f'(sums)`, element by element, as PyTorch's autograd has it.
    func gradient<Scalar: TensorScalar>(
        _ sums: Tensor, _ gradOutput: Tensor, _: Scalar.Type
    ) -> Tensor {
        sums.withElements(of: Scalar.self) { sums in
            gradOutput.withElements(of: Scalar.self) { gradient in
                Tensor(shape: gradOutput.shape, of: Scalar.self) { to in
                    for i in sums.indices {
                        to.initializeElement(at: i, to: self.gradient(sums[i], gradient[i]))
                    }
                }
            }
        }
    }

    /// `g · f'(x)`; where a piece of f is constant 0, whatever g is, and at the kinks of relu and relu6 too.
    /// NaN is on no such piece.
    private func gradient<Scalar: TensorScalar>(_ x: Scalar, _ g: Scalar) -> Scalar {
        func sigmoid(_ x: Scalar) -> Scalar { 1 / (1 + Scalar.exponential(-x)) }
        switch self {
        case .none: return g
        case .relu: return x <= 0 ? 0 : g
        case .relu6: return x <= 0 || x >= 6 ? 0 : g
        case .silu:
            let s = sigmoid(x)
            return g * (s * (1 + x * (1 - s)))
        case .gelu:
            let cumulative = (1 + Scalar.errorFunction(x * Scalar(0.5).squareRoot())) / 2
            let density = Scalar.exponential(-x * x / 2) / (2 * Scalar.pi).squareRoot()
            return g * (cumulative + x * density)
        case .hardswish: return x <= -3 ? 0 : x < 3 ? g * (x / 3 + 0.5) : g
        case .sigmoid:
            let s = sigmoid(x)
            return g * (s * (1 - s))
        case .tanh:
            let t = Scalar.hyperbolicTangent(x)
            return g * (1 - t * t)
        }
    }
}
