// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension Tensor {
    /// Uniform numbers from -1 to 1.
    public static func random(_ shape: [Int], _ dtype: DType, seed: UInt64) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
        return Tensor(shape, dtype, values)
    }

    /// Whole numbers from -4 to 4, whose small sums are exact.
    public static func randomIntegers(_ shape: [Int], _ dtype: DType, seed: UInt64) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        let count = shape.reduce(1, *)
        let values = (0..<count).map { _ in Double(Int.random(in: -4...4, using: &generator)) }
        return Tensor(shape, dtype, values)
    }

    /// Values rounded to `dtype`.
    public init(_ shape: [Int], _ dtype: DType, _ values: [Double]) {
        self = Tensor(shape: shape, values).rounded(to: dtype)
    }

    /// The elements as Doubles, in row-major order.
    public var doubles: [Double] {
        switch dtype {
        case .float32: elements(of: Float.self).map(Double.init)
        case .float64: elements(of: Double.self)
        case .float16, .bfloat16: widened().doubles
        }
    }
}
