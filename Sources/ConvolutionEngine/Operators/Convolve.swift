// SPDX-License-Identifier: Apache-2.0

/// Convolution and transposed convolution in one call: plan, prepare, run.
public enum Convolve {
    /// The output of `geometry` for the given tensors.
    ///
    /// - Parameters:
    ///   - geometry: built from the shapes of these tensors
    ///   - input: `[N, C_in, *S]`, `[C_in, *S]` or `[*S]`
    ///   - weight: `[C_out, C_in/groups, *kernel]`; transposed `[C_in, C_out/groups, *kernel]`
    ///   - bias: `[C_out]` or nil
    /// - Returns: a tensor of the geometry's output shape and the input's dtype
    /// - Throws: ``ConvolutionError`` where the tensors differ in dtype
    public static func run(
        _ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, bias: Tensor?
    ) throws(ConvolutionError) -> Tensor {
        try result(geometry, input: input, weight: weight, bias: bias).output
    }

    /// An output and how it was computed.
    public struct Result: Sendable {
        /// What ``run(_:input:weight:bias:)`` returns.
        public let output: Tensor
        /// The algorithm that computed it.
        public let algorithm: Algorithm
    }

    /// The same, with the algorithm that was chosen.
    public static func result(
        _ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, bias: Tensor?
    ) throws(ConvolutionError) -> Result {
        try checkDTypes(input, ("weight", weight), ("bias", bias))
        let plain = Convolution(planned: geometry, precision: .standard)
        let result = plain.run(Convolution.Operands(input: input, weight: weight, bias: bias))
        return Result(output: result.output, algorithm: result.algorithm)
    }

    /// The same by the definition, in double precision; row-major.
    public static func reference(
        _ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, bias: Tensor?
    ) -> [Double] {
        switch input.dtype {
        case .float32: reference(Float.self, geometry, input, weight, bias)
        case .float64: reference(Double.self, geometry, input, weight, bias)
        case .float16, .bfloat16:
            reference(
                geometry, input: input.widened(), weight: weight.widened(), bias: bias?.widened())
        }
    }

    private static func reference<Scalar: TensorScalar>(
        _: Scalar.Type, _ geometry: ConvolutionGeometry, _ input: Tensor, _ weight: Tensor,
        _ bias: Tensor?
    ) -> [Double] {
        Reference.run(
            geometry, input: input.elements(of: Scalar.self), weight: weight.elements(),
            bias: bias?.elements())
    }

    private static func checkDTypes(
        _ input: Tensor, _ others: (field: String, tensor: Tensor?)...
    ) throws(ConvolutionError) {
        for case (let field, let tensor?) in others where tensor.dtype != input.dtype {
            throw .invalid(
                field: field,
                reason: "\(field) is \(tensor.dtype.rawValue) but input is "
                    + "\(input.dtype.rawValue); send all tensors in one dtype")
        }
    }
}
