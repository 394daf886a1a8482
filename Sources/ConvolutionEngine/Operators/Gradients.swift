// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The vector-Jacobian product of a convolution: `torch.autograd.grad`, or
/// `aten::convolution_backward`.
///
///     input:   the adjoint operator (``ConvolutionGeometry/adjoint``) of the output's gradient
///     weight:  ``WeightGradient``; ``TapProducts`` where a group has few rows
///     bias:    the sums of the output's gradient over images and pixels
public enum Gradients {
    /// Which gradients are wanted.
    public struct Needs: OptionSet, Sendable {
        /// Its bits.
        public let rawValue: Int
        /// Some of them.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// Of the input.
        public static let input = Needs(rawValue: 1)
        /// Of the weight.
        public static let weight = Needs(rawValue: 2)
        /// Of the bias.
        public static let bias = Needs(rawValue: 4)
        /// Of what is added before the activation.
        public static let add = Needs(rawValue: 8)
    }

    /// Those that were wanted, each with the shape of its tensor and the operands' dtype.
    public struct Result: Sendable {
        /// The input's shape.
        public var input: Tensor?
        /// The weight's shape.
        public var weight: Tensor?
        /// `[C_out]`
        public var bias: Tensor?
        /// The output's shape.
        public var add: Tensor?

        /// The same with that of the residual.
        func adding(_ add: Tensor?) -> Result {
            var result = self
            result.add = add
            return result
        }

        /// The same, each rounded once; see ``Tensor/rounded(to:)``.
        func rounded(to dtype: DType) -> Result {
            Result(
                input: input?.rounded(to: dtype), weight: weight?.rounded(to: dtype),
                bias: bias?.rounded(to: dtype), add: add?.rounded(to: dtype))
        }
    }

    /// - Parameters:
    ///   - geometry: forward or transposed, built from the shapes of `input` and `weight`
    ///   - input: `[N, C_in, *S]`, `[C_in, *S]` or `[*S]`
    ///   - weight: `[C_out, C_in/groups, *kernel]`; transposed `[C_in, C_out/groups, *kernel]`
    ///   - gradOutput: the output's shape
    ///   - needs: ``Needs/add`` has no meaning here
    public static func run(
        _ geometry: ConvolutionGeometry, input: Tensor, weight: Tensor, gradOutput: Tensor,
        needs: Needs, execution: Execution = Execution()
    ) -> Result {
        precondition(geometry.inputShape == input.shape, "geometry of another input")
        precondition(geometry.weightShape == weight.shape, "geometry of another weight")
        precondition(geometry.outputShape == gradOutput.shape, "gradient of another output")
        switch input.dtype {
        case .float32:
            return run(geometry, input, weight, gradOutput, needs, execution, Float.self)
        case .float64:
            return run(geometry, input, weight, gradOutput, needs, execution, Double.self)
        case .float16, .bfloat16:
            return run(
                geometry, input: input.widened(), weight: weight.widened(),
                gradOutput: gradOutput.widened(), needs: needs, execution: execution
            ).rounded(to: input.dtype)
        }
    }

    private static func run<Scalar: TensorScalar>(
        _ geometry: ConvolutionGeometry, _ input: Tensor, _ weight: Tensor, _ gradOutput: Tensor,
        _ needs: Needs, _ execution: Execution, _: Scalar.Type
    ) -> Result {
        var result = Result()
        if needs.contains(.input) {
            let operands = Convolution.Operands(input: gradOutput, weight: weight)
            result.input =
                Convolution(adjointOf: geometry)
                .run(operands, kernels: execution.kernels, threads: execution.threads).output
        }
        if needs.contains(.weight) {
            result.weight = weightGradient(geometry, input, gradOutput, execution, Scalar.self)
        }
        if needs.contains(.bias) {
            result.bias = biasGradient(geometry, gradOutput, execution, Scalar.self)
        }
        return result
    }

    /// What it runs on; changes nothing in the result but, for the kernels, its last bits.
    public struct Execution: Sendable {
        /// The instruction set.
        public var kernels: KernelTable
        /// Cores to use.
        public var threads: Int

        /// The best there is.
        public init(kernels: KernelTable = .best, threads: Int = ProcessorCount.available) {
            self.kernels = kernels
            self.threads = threads
        }
    }

    private static func weightGradient<Scalar: TensorScalar>(
        _ geometry: ConvolutionGeometry, _ input: Tensor, _ gradOutput: Tensor,
        _ execution: Execution, _: Scalar.Type
    ) -> Tensor {
        let shape = GradientShape(geometry)
        let (rows, field) =
            geometry.direction == .forward ? (gradOutput, input) : (input, gradOutput)
        let threads =
            geometry.multiplyAccumulates < ConvolutionPlan.serialWork ? 1 : execution.threads
        return rows.withElements(of: Scalar.self) { rows in
            field.withElements(of: Scalar.self) { field in
                Tensor(shape: geometry.weightShape, of: Scalar.self) { gradient in
                    guard gradient.count > 0, rows.count > 0 else {
                        gradient.initialize(repeating: 0)
                        return
                    }
                    let kernels = Scalar.kernels(in: execution.kernels)
                    let taps = TapProducts<Scalar>(shape, kernels: kernels, threads: threads)
                    let product = WeightGradient<Scalar>(shape, kernels: kernels, threads: threads)
                    ScratchPool.shared.withScratch(
                        byteCount: taps?.scratchByteCount ?? product.scratchByteCount
                    ) { scratch in
                        let operands = GradientOperands(
                            rows: rows.baseAddress!, field: field.baseAddress!,
                            gradient: gradient.baseAddress!,
                            scratch: scratch.assumingMemoryBound(to: Scalar.self))
                        if let taps { taps.run(operands) } else { product.run(operands) }
                    }
                }
            }
        }
    }

    /// Summed in double precision, in eight parts a channel and image.
    private static func biasGradient<Scalar: TensorScalar>(
        _ geometry: ConvolutionGeometry, _ gradOutput: Tensor, _ execution: Execution,
        _: Scalar.Type
    ) -> Tensor {
        let pixels = geometry.outputSize.count, channels = geometry.outputChannels
        let threads = gradOutput.count < 65_536 ? 1 : execution.threads
        return gradOutput.withElements(of: Scalar.self) { gradient in
            Tensor(shape: [channels], of: Scalar.self) { sums in
                guard let first = gradient.baseAddress, let to = sums.baseAddress else {
                    sums.initialize(repeating: 0)
                    return
                }
                let memory = BiasMemory(gradient: first, sums: to)
                ParallelTiles.run(channels, threads: threads) { channel, _ in
                    var sum = 0.0
                    for image in 0..<geometry.batch {
                        let at = (image * channels + channel) * pixels
                        sum += Self.sum(memory.gradient + at, pixels)
                    }
                    memory.sums[channel] = Scalar(sum)
                }
            }
        }
    }

    /// What cores read, and sums that each writes for itself.
    private struct BiasMemory<Scalar>: @unchecked Sendable {
        let gradient: UnsafePointer<Scalar>
        let sums: UnsafeMutablePointer<Scalar>
    }

    private static func sum<Scalar: TensorScalar>(
        _ values: UnsafePointer<Scalar>, _ count: Int
    ) -> Double {
        var sums = InlineArray<8, Double>(repeating: 0)
        var i = 0
        while i + 8 <= count {
            for part in 0..<8 { sums[part] += Double(values[i + part]) }
            i += 8
        }
        var sum = 0.0
        for part in 0..<8 { sum += sums[part] }
        while i < count {
            sum += Double(values[i])
            i += 1
        }
        return sum
    }
}

extension Convolution {
    /// The operator from a gradient of the output to one of the input.
    fileprivate init(adjointOf geometry: ConvolutionGeometry) {
        let adjoint = geometry.adjoint
        self.init(planned: adjoint, algorithm: .fastest(for: adjoint))
    }
}
