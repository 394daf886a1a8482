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

    /// Tensors that differ in their channels alone, channel after channel.
    static func concatenated(_ parts: [Tensor], spatialRank: Int) -> Tensor {
        switch parts[0].dtype {
        case .float32: concatenated(parts, spatialRank, of: Float.self)
        case .float64: concatenated(parts, spatialRank, of: Double.self)
        case .float16, .bfloat16:
            concatenated(parts.map { $0.widened() }, spatialRank: spatialRank)
                .rounded(to: parts[0].dtype)
        }
    }

    private static func concatenated<Scalar: TensorScalar>(
        _ parts: [Tensor], _ spatialRank: Int, of scalar: Scalar.Type
    ) -> Tensor {
        var shape = parts[0].shape
        let axis = shape.count - spatialRank - 1
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let images = shape.prefix(axis).reduce(1, *)
        let elements = parts.map { $0.elements(of: Scalar.self) }
        var values: [Scalar] = []
        for image in 0..<images {
            for part in elements {
                let count = part.count / images
                values += part[image * count..<(image + 1) * count]
            }
        }
        return Tensor(shape: shape, values)
    }

    /// `[before, after]` elements around each spatial dimension, each channel filled with a value of its own.
    static func pad(_ x: Tensor, _ pairs: [[Int]], values: [Double]) -> Tensor {
        switch x.dtype {
        case .float32: pad(x, pairs, values, of: Float.self)
        case .float64: pad(x, pairs, values, of: Double.self)
        case .float16, .bfloat16:
            pad(x.widened(), pairs, values: values).rounded(to: x.dtype)
        }
    }

    private static func pad<Scalar: TensorScalar>(
        _ x: Tensor, _ pairs: [[Int]], _ values: [Double], of scalar: Scalar.Type
    ) -> Tensor {
        let outer = Array(x.shape.dropLast(pairs.count))
        let sizes = Array(x.shape.suffix(pairs.count))
        let padded = zip(sizes, pairs).map { $0 + $1[0] + $1[1] }
        let pixels = sizes.reduce(1, *), width = sizes[sizes.count - 1]
        let from = x.elements(of: Scalar.self)
        var to: [Scalar] = []
        to.reserveCapacity(outer.reduce(1, *) * padded.reduce(1, *))
        for plane in 0..<outer.reduce(1, *) {
            let first = to.count
            to.append(
                contentsOf: repeatElement(
                    Scalar(values[plane % values.count]), count: padded.reduce(1, *)))
            for row in 0..<(width == 0 ? 0 : pixels / width) {
                // The row's place in each dimension but the last.
                var rest = row, place = 0, step = 1
                for axis in sizes.indices.dropLast().reversed() {
                    place += (rest % sizes[axis] + pairs[axis][0]) * step
                    rest /= sizes[axis]
                    step *= padded[axis]
                }
                let start = first + place * padded[padded.count - 1] + pairs[pairs.count - 1][0]
                let row = plane * pixels + row * width
                for column in 0..<width { to[start + column] = from[row + column] }
            }
        }
        return Tensor(shape: outer + padded, to)
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
