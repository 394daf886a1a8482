// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// A layer with random tensors.
struct BenchData {
    let layer: BenchLayer
    let geometry: ConvolutionGeometry
    let dtype: DType
    let input: Tensor
    let weight: Tensor

    init(_ layer: BenchLayer) throws {
        self.layer = layer
        geometry = try layer.geometry()
        dtype = try layer.elementType()
        input = Tensor.noise(layer.input, dtype, seed: 1)
        weight = Tensor.noise(layer.weight, dtype, seed: 2)
    }

    /// A gradient of the output.
    func gradOutput() -> Tensor { Tensor.noise(geometry.outputShape, dtype, seed: 3) }

    func plan(_ algorithm: Algorithm?, threads: Int) -> ConvolutionPlan {
        ConvolutionPlan(geometry, dtype: dtype.computed, algorithm: algorithm, threads: threads)
    }
}

extension Tensor {
    /// Sums of four uniform numbers around 0: near enough to a normal distribution.
    fileprivate static func noise(_ shape: [Int], _ dtype: DType, seed: UInt64) -> Tensor {
        switch dtype {
        case .float32: noise(shape, of: Float.self, seed: seed)
        case .float64: noise(shape, of: Double.self, seed: seed)
        case .float16, .bfloat16: noise(shape, of: Float.self, seed: seed).rounded(to: dtype)
        }
    }

    private static func noise<Scalar: TensorScalar>(
        _ shape: [Int], of _: Scalar.Type, seed: UInt64
    ) -> Tensor {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return Tensor(shape: shape, of: Scalar.self) { elements in
            for i in elements.indices {
                var sum = -2.0
                for _ in 0..<4 {
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    sum += Double(state >> 11) * 0x1p-53
                }
                elements.initializeElement(at: i, to: Scalar(sum))
            }
        }
    }
}
