// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A convolution or transposed convolution with all that may go with it: border, flipped kernel,
/// residual, activation, an algorithm by name.
///
///     output = activation(conv(extended input, weight) + bias + add)
///
/// Shapes, formulas and defaults are those of ``ConvolutionGeometry``.
///
/// A class, since it is kept and handed on for each request: to copy the hundred sizes that it holds takes longer than
/// the sums of a small one.
public final class Convolution: Sendable {
    /// The sizes, with the padding as it was asked for.
    public let geometry: ConvolutionGeometry
    /// The parameters beside the sizes.
    public let options: ConvolutionOptions
    /// How it is computed.
    public let algorithm: Algorithm
    /// What is planned: the geometry, where the padding is zeros; else that of the extended input.
    public let computed: ConvolutionGeometry
    /// The shapes of the operands and of the output.
    public let inputShape, weightShape, outputShape: [Int]
    /// The plan of the last run, for the next one.
    private let lastPlan = PlanMemo()

    /// The tensors that a run takes, all of one dtype.
    public struct Operands: Sendable {
        /// `[N, C_in, *S]`, `[C_in, *S]` or `[*S]`
        public var input: Tensor
        /// `[C_out, C_in/groups, *kernel]`; transposed `[C_in, C_out/groups, *kernel]`
        public var weight: Tensor
        /// `[C_out]`
        public var bias: Tensor?
        /// The output's shape; added before the activation.
        public var add: Tensor?

        /// All of it.
        public init(input: Tensor, weight: Tensor, bias: Tensor? = nil, add: Tensor? = nil) {
            self.input = input
            self.weight = weight
            self.bias = bias
            self.add = add
        }
    }

    /// An output, and what it took.
    public struct Result: Sendable {
        /// A tensor of the geometry's output shape and the operands' dtype.
        public let output: Tensor
        /// The algorithm that computed it.
        public let algorithm: Algorithm
        /// Working memory: that of the plan, the weights as its algorithm reads them, the extended input
        /// where there is one, and what is widened.
        public var scratchByteCount: Int { plan.scratchByteCount + copiesByteCount }

        fileprivate let plan: ConvolutionPlan
        fileprivate let copiesByteCount: Int
    }

    /// - Throws: ``ConvolutionError`` where the border, or the algorithm asked for, cannot do the geometry.
    public convenience init(
        _ geometry: ConvolutionGeometry, options: ConvolutionOptions
    ) throws(ConvolutionError) {
        try geometry.check(options.border)
        let computed = options.border == .zeros ? geometry : geometry.withPaddedInput()
        try options.algorithm?.check(computed, precision: options.precision)
        self.init(geometry, computed, options)
    }

    /// One whose parameters are known to fit.
    convenience init(planned geometry: ConvolutionGeometry, precision: Precision) {
        var options = ConvolutionOptions()
        options.precision = precision
        self.init(geometry, geometry, options)
    }

    /// The same without its activation.
    var withoutActivation: Convolution {
        var options = options
        options.activation = .none
        return Convolution(geometry, computed, options)
    }

    private init(
        _ geometry: ConvolutionGeometry, _ computed: ConvolutionGeometry,
        _ options: ConvolutionOptions
    ) {
        self.geometry = geometry
        self.computed = computed
        self.options = options
        algorithm = options.algorithm ?? .fastest(for: computed, precision: options.precision)
        inputShape = geometry.inputShape
        weightShape = geometry.weightShape
        outputShape = geometry.outputShape
    }

    /// Elements of the copy of the input with its border; 0 where none is made.
    public var extendedInputCount: Int {
        options.border == .zeros || geometry.outputCount == 0 ? 0 : computed.inputCount
    }

    /// The output for operands of the geometry's shapes.
    ///
    /// - Parameters:
    ///   - kernels: the instruction set
    ///   - threads: cores to use; the result does not depend on it
    public func run(
        _ operands: Operands, kernels: KernelTable = .best,
        threads: Int = ProcessorCount.available
    ) -> Result {
        precondition(operands.input.shape == inputShape, "geometry of another input")
        precondition(operands.weight.shape == weightShape, "geometry of another weight")
        precondition(operands.add.map { $0.shape == outputShape } ?? true, "shape of add")
        let dtype = operands.input.dtype
        let wideningByteCount = operands.wideningByteCount(outputCount: geometry.outputCount)
        let operands = operands.mapped { $0.widened() }
        let plan = lastPlan.plan(
            computed, dtype: operands.input.dtype, algorithm: algorithm(for: operands.weight),
            precision: options.precision, kernels: kernels, threads: threads)
        let weights = plan.prepare(
            oriented(operands.weight), bias: operands.bias, use: .once)
        let output = plan.run(
            extended(operands.input), weights, adding: operands.add,
            activation: options.activation)
        let extendedByteCount = extendedInputCount * operands.input.dtype.byteCount
        return Result(
            output: output.rounded(to: dtype), algorithm: plan.algorithm, plan: plan,
            copiesByteCount: weights.byteCount + extendedByteCount + wideningByteCount)
    }

    /// PyTorch multiplies weights with the zeros of a convolution's padding, but not with anything
    /// around the input of a transposed one; weights that are not finite make NaN of a zero, so with
    /// them an algorithm that does the same has to compute it.
    private func algorithm(for weight: Tensor) -> Algorithm {
        switch (algorithm, geometry.direction) {
        case (.stridePhases, .transposed), (.winograd, .transposed):
            weight.isFinite ? algorithm : .columnScatter
        case (.kernelMatrix, .forward): weight.isFinite ? algorithm : .im2col
        // Depths of padding are passed over.
        case (.winograd, .forward):
            computed.kernel.depth == 1 || weight.isFinite ? algorithm : .im2col
        default: algorithm
        }
    }

    /// The weight as the algorithms read it, or back.
    func oriented(_ weight: Tensor) -> Tensor {
        options.flipsKernel ? weight.flipped(last: geometry.spatialRank) : weight
    }

    /// The input with its border.
    func extended(_ input: Tensor) -> Tensor {
        guard extendedInputCount > 0 else { return input }
        let border = BorderedInput(geometry, options.border)
        switch input.dtype {
        case .float32: return border.extend(input, shape: computed.inputShape, Float.self)
        case .float64: return border.extend(input, shape: computed.inputShape, Double.self)
        case .float16, .bfloat16: return extended(input.widened())
        }
    }
}
