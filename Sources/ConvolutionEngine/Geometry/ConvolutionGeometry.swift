// SPDX-License-Identifier: Apache-2.0

/// All sizes of one convolution, forward or transposed: cannot be built wrong.
///
/// What this holds is right, so code that is given one only asserts. Spatial values are triples
/// (``SpatialTriple``) whatever the number of spatial dimensions. A geometry is plain bits, without
/// arrays; the shapes as the caller sent them are made on demand.
///
/// Per spatial dimension, with `d(k − 1) + 1` the effective kernel:
///
///     forward:     out = ⌊(in + before + after − d(k − 1) − 1) / s⌋ + 1
///     transposed:  out = (in − 1)s − (before + after) + d(k − 1) + output_padding + 1
///
/// Weights are `[C_out, C_in/groups, *kernel]` forward and `[C_in, C_out/groups, *kernel]`
/// transposed. Formulas, legal shapes and defaults are those of `torch.nn.functional`, but for one:
/// zero input channels give the bias, not an output without channels.
public struct ConvolutionGeometry: Sendable, Hashable {
    /// Which of the two operators.
    public enum Direction: Sendable, Hashable {
        /// The kernel slides over the input (`conv1d` ... `conv3d`).
        case forward
        /// The adjoint of `forward` (`conv_transpose1d` ... `conv_transpose3d`).
        case transposed
    }

    /// Which dimensions stand before the spatial ones.
    package enum Form: Sendable, Hashable {
        /// `[N, C, *S]`
        case batched
        /// `[C, *S]`
        case unbatched
        /// `[*S]`, with a weight of `[*kernel]`: one channel.
        case plain
    }

    /// Forward or transposed.
    public internal(set) var direction: Direction
    /// 1, 2 or 3.
    public let spatialRank: Int
    /// The dimensions that the input came with.
    package let form: Form
    /// N; 1 where the input has no batch, and possibly 0 where it has.
    public internal(set) var batch: Int
    /// Groups of channels, each convolved for itself; divides both channel counts.
    public internal(set) var groups: Int
    /// C_in, of all groups; may be 0.
    public internal(set) var inputChannels: Int
    /// C_out, of all groups.
    public internal(set) var outputChannels: Int
    /// Whether each output channel has an addend.
    public internal(set) var hasBias: Bool
    /// Spatial size of the input.
    public internal(set) var inputSize: SpatialTriple
    /// Spatial size of the output.
    public internal(set) var outputSize: SpatialTriple
    /// Taps of the kernel in each dimension.
    public let kernel: SpatialTriple
    /// Steps of the kernel.
    public let stride: SpatialTriple
    /// Distance between taps.
    public internal(set) var dilation: SpatialTriple
    /// Padding in front of each dimension: added to the input, or cut from a transposed output.
    public internal(set) var paddingBefore: SpatialTriple
    /// Padding behind each dimension.
    public internal(set) var paddingAfter: SpatialTriple
    /// Elements added behind a transposed output; 0 forward.
    public internal(set) var outputPadding: SpatialTriple
    /// Multiplications that the definition has, those with padding included:
    /// `N · C_out · outPixels · C_in/groups · taps` forward and
    /// `N · C_in · inPixels · C_out/groups · taps` transposed.
    public let multiplyAccumulates: Int

    /// Checks and resolves what a caller sent.
    ///
    /// - Parameters:
    ///   - direction: Forward or transposed.
    ///   - spatialRank: 1, 2 or 3.
    ///   - input: `[N, C_in, *S]`, `[C_in, *S]`, or `[*S]` with a weight of `[*kernel]`.
    ///   - weight: `[C_out, C_in/groups, *kernel]`, or `[C_in, C_out/groups, *kernel]` transposed.
    ///   - bias: `[C_out]` or nil.
    ///   - options: Stride, padding, dilation, groups and output padding, unchecked.
    /// - Throws: ``ConvolutionError`` for the first rule that is broken: first each value for
    ///   itself, then how they fit together.
    public init(
        _ direction: Direction, spatialRank: Int, input: [Int], weight: [Int], bias: [Int]?,
        options: ConvolutionOptions
    ) throws(ConvolutionError) {
        let request = GeometryRequest(
            direction: direction, spatialRank: spatialRank, input: input, weight: weight,
            bias: bias, options: options)
        let form = try request.checkedForm()
        try request.checkSizes(form)
        let parameters = try request.checkedParameters()
        let channels = try request.checkedChannels(form)
        let axes = try request.checkedAxes(parameters, form)
        let outputs = try request.checkedOutputs(axes, channels)

        self.direction = direction
        self.spatialRank = spatialRank
        self.form = form
        batch = channels.batch
        groups = channels.groups
        inputChannels = channels.input
        outputChannels = channels.output
        hasBias = bias != nil
        inputSize = SpatialTriple(axes, neutral: 1) { $0.input }
        outputSize = SpatialTriple(last: outputs, neutral: 1)
        kernel = SpatialTriple(axes, neutral: 1) { $0.kernel }
        stride = SpatialTriple(axes, neutral: 1) { $0.stride }
        dilation = SpatialTriple(axes, neutral: 1) { $0.dilation }
        paddingBefore = SpatialTriple(axes, neutral: 0) { $0.before }
        paddingAfter = SpatialTriple(axes, neutral: 0) { $0.after }
        outputPadding = SpatialTriple(axes, neutral: 0) { $0.outputPadding }
        multiplyAccumulates = try request.checkedWork(axes, channels, outputs: outputs)
    }
}
