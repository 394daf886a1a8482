// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// The same numbers in another dtype, each rounded once where it is narrower.
    public func converted(to dtype: DType) -> Tensor {
        switch (self.dtype, dtype) {
        case (.float32, .float64): converted(Float.self, Double.self)
        case (.float64, .float32): converted(Double.self, Float.self)
        case (.float32, .float32), (.float64, .float64): self
        }
    }

    private func converted<From: TensorScalar, To: TensorScalar>(
        _: From.Type, _: To.Type
    ) -> Tensor {
        withElements(of: From.self) { from in
            Tensor(shape: shape, of: To.self) { to in
                for i in from.indices { to.initializeElement(at: i, to: To(from[i])) }
            }
        }
    }
}
