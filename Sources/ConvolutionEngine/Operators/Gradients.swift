// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The vector-Jacobian product of a convolution: `torch.autograd.grad`, or
/// `aten::convolution_backward`.
///
///     input:   ``InputGradient``: the adjoint operator (``ConvolutionGeometry/adjoint``)
///     weight:  ``FieldProducts`` or ``WeightGradient``; ``TapProducts`` where a group has few rows, ``LaneProducts``
///              where it has one channel and short rows
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
            result.input = InputGradient(
                geometry, weight: weight, precision: execution.precision
            ).run(gradOutput, weight, execution)
        }
        if needs.contains(.weight) {
            result.weight = weightGradient(geometry, input, gradOutput, execution, Scalar.self)
        }
        if needs.contains(.bias) {
            result.bias = biasGradient(geometry, gradOutput, execution, Scalar.self)
        }
        return result
    }

    /// How the input's gradient is computed.
    public static func inputAlgorithm(
        _ geometry: ConvolutionGeometry, weight: Tensor, precision: Precision = .standard
    ) -> Algorithm {
        InputGradient(geometry, weight: weight, precision: precision).algorithm
    }

    /// What it runs on, and how exactly; changes nothing in the result but, for kernels and precision, its
    /// last bits.
    public struct Execution: Sendable {
        /// The instruction set.
        public var kernels: KernelTable
        /// Cores to use.
        public var threads: Int
        /// The error that is allowed of the input's gradient, as of a convolution.
        public var precision: Precision

        /// The best there is.
        public init(
            kernels: KernelTable = .best, threads: Int = ProcessorCount.available,
            precision: Precision = .standard
        ) {
            self.kernels = kernels
            self.threads = threads
            self.precision = precision
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
                    let way = WeightGradientWay<Scalar>(shape, kernels: kernels, threads: threads)
                    ScratchPool.shared.withScratch(byteCount: way.scratchByteCount) { scratch in
                        way.run(
                            GradientOperands(
                                rows: rows.baseAddress!, field: field.baseAddress!,
                                gradient: gradient.baseAddress!,
                                scratch: scratch.assumingMemoryBound(to: Scalar.self)))
                    }
                }
            }
        }
    }

    /// How the weight's gradient is computed.
    private enum WeightGradientWay<Scalar: TensorScalar> {
        case lanes(LaneProducts<Scalar>)
        case taps(TapProducts<Scalar>)
        case field(FieldProducts<Scalar>)
        case columns(WeightGradient<Scalar>)

        init(_ shape: GradientShape, kernels: GEMMKernels<Scalar>, threads: Int) {
            if let lanes = LaneProducts<Scalar>(shape, kernels: kernels, threads: threads) {
                self = .lanes(lanes)
            } else if let taps = TapProducts<Scalar>(shape, kernels: kernels, threads: threads) {
                self = .taps(taps)
            } else if let field = FieldProducts<Scalar>(shape, kernels: kernels, threads: threads) {
                self = .field(field)
            } else {
                self = .columns(WeightGradient(shape, kernels: kernels, threads: threads))
            }
        }

        var scratchByteCount: Int {
            switch self {
            case .lanes(let way): way.scratchByteCount
            case .taps(let way): way.scratchByteCount
            case .field(let way): way.scratchByteCount
            case .columns(let way): way.scratchByteCount
            }
        }

        func run(_ operands: GradientOperands<Scalar>) {
            switch self {
            case .lanes(let way): way.run(operands)
            case .taps(let way): way.run(operands)
            case .field(let way): way.run(operands)
            case .columns(let way): way.run(operands)
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
