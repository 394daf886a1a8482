// SPDX-License-Identifier: Apache-2.0

/// The inner loops of convolution in the frequency domain, for one scalar and one instruction set.
///
/// Everything is done to as many signals at once as a vector has lanes, one in each lane. A *point* is a
/// complex number of each of them: a vector of real parts, then a vector of imaginary parts.
///
///     point     re0 re1 ... re7  im0 im1 ... im7        of signals 0 ... 7
///
/// So no pass of a transform mixes lanes; they change places only on the way in and out.
public final class FourierKernels<Scalar: Sendable>: Sendable {
    /// Signals in a point.
    public let lanes: Int
    /// Outputs of a tile of ``multiply``.
    public let outputs: Int
    /// The most vectors of a tile of ``multiply``.
    public let vectors: Int
    /// Rows of values into lanes.
    public let gather: @Sendable (LaneRows<Scalar>) -> Void
    /// Lanes into rows of values.
    public let spread: @Sendable (LaneRows<Scalar>) -> Void
    /// A row of sums into the output; false where one is not finite.
    public let emit: @Sendable (EmittedRow<Scalar>) -> Bool
    /// Forward transforms of lines, in place.
    public let forward: @Sendable (FourierLines<Scalar>) -> Void
    /// Inverse transforms of lines, in place, without the division by their length.
    public let inverse: @Sendable (FourierLines<Scalar>) -> Void
    /// Forward, times a spectrum, inverse: in place.
    public let filter: @Sendable (FourierLines<Scalar>, LineSpectrum<Scalar>) -> Void
    /// Forward, and the points to where products read them.
    public let analyze: @Sendable (FourierLines<Scalar>, ScatteredPoints<Scalar>) -> Void
    /// Points from where products wrote them, and inverse.
    public let synthesize: @Sendable (FourierLines<Scalar>, ScatteredPoints<Scalar>) -> Void
    /// Sums over channels at one frequency.
    public let multiply: @Sendable (SpectrumTile<Scalar>) -> Void

    /// A set of kernels.
    public init(
        lanes: Int, outputs: Int, vectors: Int,
        gather: @escaping @Sendable (LaneRows<Scalar>) -> Void,
        spread: @escaping @Sendable (LaneRows<Scalar>) -> Void,
        emit: @escaping @Sendable (EmittedRow<Scalar>) -> Bool,
        forward: @escaping @Sendable (FourierLines<Scalar>) -> Void,
        inverse: @escaping @Sendable (FourierLines<Scalar>) -> Void,
        filter: @escaping @Sendable (FourierLines<Scalar>, LineSpectrum<Scalar>) -> Void,
        analyze: @escaping @Sendable (FourierLines<Scalar>, ScatteredPoints<Scalar>) -> Void,
        synthesize: @escaping @Sendable (FourierLines<Scalar>, ScatteredPoints<Scalar>) -> Void,
        multiply: @escaping @Sendable (SpectrumTile<Scalar>) -> Void
    ) {
        self.lanes = lanes
        self.outputs = outputs
        self.vectors = vectors
        self.gather = gather
        self.spread = spread
        self.emit = emit
        self.forward = forward
        self.inverse = inverse
        self.filter = filter
        self.analyze = analyze
        self.synthesize = synthesize
        self.multiply = multiply
    }
}
