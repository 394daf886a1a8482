// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What a network does between convolutions, in the tensors' dtype, as it would be done unfused;
/// float16 and bfloat16 are computed in float32 and rounded once.
enum Elementwise {
    /// `(x − mean) · scale + shift` by channel, the dimension before the spatial ones.
    static func normalise(_ x: Tensor, _ affine: ChannelAffine, spatialRank: Int) -> Tensor {
        switch x.dtype {
        case .float32: normalise(x, affine, spatialRank: spatialRank, of: Float.self)
        case .float64: normalise(x, affine, spatialRank: spatialRank, of: Double.self)
        case .float16, .bfloat16:
            normalise(x.widened(), affine, spatialRank: spatialRank).rounded(to: x.dtype)
        }
    }

    /// `a + b`, for tensors of one shape.
    static func sum(_ a: Tensor, _ b: Tensor) -> Tensor {
        switch a.dtype {
        case .float32: sum(a, b, of: Float.self)
        case .float64: sum(a, b, of: Double.self)
        case .float16, .bfloat16: sum(a.widened(), b.widened()).rounded(to: a.dtype)
        }
    }

    private static func normalise<Scalar: TensorScalar>(
        _ x: Tensor, _ affine: ChannelAffine, spatialRank: Int, of scalar: Scalar.Type
    ) -> Tensor {
        let pixels = x.shape.suffix(spatialRank).reduce(1, *)
        let rows = pixels == 0 ? 0 : x.count / pixels
        var values = x.elements(of: Scalar.self)
        for row in 0..<rows {
            let channel = row % affine.scale.count
            let mean = Scalar(affine.mean[channel])
            let scale = Scalar(affine.scale[channel])
            let shift = Scalar(affine.shift[channel])
            for index in row * pixels..<(row + 1) * pixels {
                values[index] = (values[index] - mean) * scale + shift
            }
        }
        return Tensor(shape: x.shape, values)
    }

    private static func sum<Scalar: TensorScalar>(
        _ a: Tensor, _ b: Tensor, of scalar: Scalar.Type
    ) -> Tensor {
        precondition(a.shape == b.shape, "\(a.shape) + \(b.shape)")
        let right = b.elements(of: Scalar.self)
        var values = a.elements(of: Scalar.self)
        for index in values.indices { values[index] += right[index] }
        return Tensor(shape: a.shape, values)
    }
}
