// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// The same elements with each of the last `count` dimensions turned round.
    func flipped(last count: Int) -> Tensor {
        switch dtype {
        case .float32: flipped(last: count, Float.self)
        case .float64: flipped(last: count, Double.self)
        case .float16, .bfloat16: widened().flipped(last: count).rounded(to: dtype)
        }
    }

    /// Turning round all of several dimensions is turning round their row-major index.
    private func flipped<Scalar: TensorScalar>(last count: Int, _: Scalar.Type) -> Tensor {
        let plane = shape.suffix(count).reduce(1, *)
        return withElements(of: Scalar.self) { from in
            Tensor(shape: shape, of: Scalar.self) { to in
                for first in stride(from: 0, to: self.count, by: max(1, plane)) {
                    for i in 0..<plane { to[first + i] = from[first + plane - 1 - i] }
                }
            }
        }
    }
}
