// SPDX-License-Identifier: Apache-2.0

/// The survey's third way to see a convolution: the kernel unrolled into a matrix.
///
///     convolution(input) = matrix @ input.flatten(),    matrix [C_out·Π out, C_in·Π in]
///
/// It holds every channel, group, stride, padding and dilation, for one image. Its transpose is the
/// matrix of the transposed convolution with the same weight and parameters. Each entry is a weight or 0.
public enum KernelMatrix {
    /// 2^24: 64 MiB of float32, a matrix with sides of 4096.
    public static let mostElements = 1 << 24

    /// `[out_elements, in_elements]` of one image of `geometry`, whatever its batch.
    ///
    /// - Throws: ``ConvolutionError`` at `input_size` where that is more than ``mostElements``.
    public static func shape(_ geometry: ConvolutionGeometry) throws(ConvolutionError) -> [Int] {
        let outputs = geometry.outputChannels * geometry.outputSize.count
        let inputs = geometry.inputChannels * geometry.inputSize.count
        // Without input channels there are no columns, and as much to look at as with one.
        let factors = [outputs, max(geometry.inputChannels, 1), geometry.inputSize.count]
        guard let count = SizeLimit.overflowChecked(factors), count <= mostElements else {
            throw .invalid(
                field: "input_size",
                reason:
                    "input_size is \(Spelling.list(geometry.inputSize.last(geometry.spatialRank)))"
                    + ": the matrix has a row for each of \(outputs) outputs and a column for each of "
                    + "\(inputs) inputs; at most \(mostElements) (2^24) elements are made: use a "
                    + "smaller input_size, less padding or fewer channels")
        }
        return [outputs, inputs]
    }

    /// The matrix, in the weight's dtype.
    ///
    /// - Parameters:
    ///   - geometry: forward or transposed; its bias has no part in the matrix
    ///   - weight: of that geometry
    /// - Returns: a tensor of ``shape(_:)``
    /// - Throws: what ``shape(_:)`` throws
    public static func dense(
        _ geometry: ConvolutionGeometry, weight: Tensor
    ) throws(ConvolutionError) -> Tensor {
        precondition(geometry.weightShape == weight.shape, "geometry of another weight")
        let shape = try shape(geometry)
        switch weight.dtype {
        case .float32: return dense(Float.self, geometry, weight, shape)
        case .float64: return dense(Double.self, geometry, weight, shape)
        case .float16, .bfloat16:
            return try dense(geometry, weight: weight.widened()).rounded(to: weight.dtype)
        }
    }

    private static func dense<Scalar: TensorScalar>(
        _: Scalar.Type, _ geometry: ConvolutionGeometry, _ weight: Tensor, _ shape: [Int]
    ) -> Tensor {
        let rows = KernelRows(geometry)
        return weight.withElements(of: Scalar.self) { weight in
            Tensor(shape: shape, of: Scalar.self) { matrix in
                matrix.initialize(repeating: 0)
                guard let matrix = matrix.baseAddress, let weight = weight.baseAddress else {
                    return
                }
                for row in 0..<shape[0] {
                    let line = matrix + row * shape[1]
                    rows.forEachEntry(ofRow: row) { line[$0] = weight[$1] }
                }
            }
        }
    }
}
