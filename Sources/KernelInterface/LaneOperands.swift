// SPDX-License-Identifier: Apache-2.0

/// A band of as many channels as a vector has lanes, each with a kernel of its own (depthwise convolution):
///
///     output[c·output.pitch + p] <- start + Σ_t weights[c·taps + t] · field[pixels[p] + offsets[t] + c]
///
/// for c < channels, p < count; the sum runs over t in ascending order, one rounding a step where the
/// instruction set fuses. The field is made of the input first: rows of pixels with padding around them, a
/// channel in each lane.
///
/// Assumptions: rows of the input and of weights may be read in whole vectors; `pixels` goes on behind
/// `count` up to a whole number of ``RowKernels/pixels``.
public struct LaneOperands<Scalar>: @unchecked Sendable {
    /// Channels that exist: 1 ... lanes.
    public var channels: Int
    /// How the field is made.
    public var field: LaneField<Scalar>
    /// Weights of the first channel, `[channels][taps]`.
    public var weights: UnsafePointer<Scalar>
    /// Taps of a kernel.
    public var taps: Int
    /// Where the sums start, one a channel.
    public var starts: UnsafePointer<Scalar>?
    /// Where they start without, or what is added to where they start.
    public var start: Scalar
    /// Offset of each tap in the field, in elements.
    public var offsets: UnsafePointer<Int>
    /// Offset of each output's first tap.
    public var pixels: UnsafePointer<Int>
    /// Where the windows of a row's outputs are neighbours: its rows.
    public var rows: OutputRows?
    /// Outputs of a channel.
    public var count: Int
    /// The first output of the first channel; those of a channel are neighbours.
    public var output: UnsafeMutablePointer<Scalar>
    /// Elements from one channel to the next.
    public var outputPitch: Int
    /// Memory for the weights, a vector for each tap and eight more.
    public var turned: UnsafeMutablePointer<Scalar>
    /// Memory for the sums, a vector for each of ``pixels`` and, for ``rows``, eight more.
    public var sums: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        channels: Int, field: LaneField<Scalar>, weights: UnsafePointer<Scalar>, taps: Int,
        starts: UnsafePointer<Scalar>?, start: Scalar, offsets: UnsafePointer<Int>,
        pixels: UnsafePointer<Int>, rows: OutputRows? = nil, count: Int,
        output: UnsafeMutablePointer<Scalar>, outputPitch: Int,
        turned: UnsafeMutablePointer<Scalar>,
        sums: UnsafeMutablePointer<Scalar>
    ) {
        self.channels = channels
        self.field = field
        self.weights = weights
        self.taps = taps
        self.starts = starts
        self.start = start
        self.offsets = offsets
        self.pixels = pixels
        self.rows = rows
        self.count = count
        self.output = output
        self.outputPitch = outputPitch
        self.turned = turned
        self.sums = sums
    }
}

/// Rows of outputs whose neighbours look at neighbouring windows, with kernels of five or seven columns.
public struct OutputRows: @unchecked Sendable {
    /// Outputs of a row, and taps of a row of the kernel.
    public var width, taps: Int
    /// Elements of the field from the windows of one row of outputs to the next's, and from one row of taps to the next.
    public var step, tapStep: Int
    /// Of each row of outputs the rows of taps that do not look at padding, which are enough where weights are finite.
    public var spans: UnsafePointer<Range<Int>>

    /// All of it.
    public init(
        width: Int, taps: Int, step: Int, tapStep: Int, spans: UnsafePointer<Range<Int>>
    ) {
        (self.width, self.taps, self.step, self.tapStep) = (width, taps, step, tapStep)
        self.spans = spans
    }
}

/// What a band of a transposed convolution needs besides: `offsets` then has a list of the taps of each phase, and
/// `pixels` a list of the outputs of each, up to a whole number of ``RowKernels/pixels``; those that are too many
/// have the place behind the last output.
public struct LanePhases<Scalar>: @unchecked Sendable {
    /// The outputs that the same taps reach.
    public struct Phase: Sendable {
        /// Their part of the list of taps.
        public var taps: Range<Int>
        /// Their part of the list of outputs.
        public var pixels: Range<Int>

        /// A phase.
        public init(taps: Range<Int>, pixels: Range<Int>) {
            self.taps = taps
            self.pixels = pixels
        }
    }

    /// The phases.
    public var all: UnsafeBufferPointer<Phase>
    /// Where the weights of each tap of the list are, in elements of the turned ones.
    public var weights: UnsafePointer<Int>
    /// Where the sums of each output of the list go, in elements.
    public var places: UnsafePointer<Int>

    /// All of it.
    public init(
        all: UnsafeBufferPointer<Phase>, weights: UnsafePointer<Int>, places: UnsafePointer<Int>
    ) {
        self.all = all
        self.weights = weights
        self.places = places
    }
}

/// Rows of some channels, `[rows][pitch]` pixels with a channel in each lane:
///
///     before pixels of padding | width pixels of the input | padding
///
/// Rows outside of the input are padding.
public struct LaneField<Scalar>: @unchecked Sendable {
    /// The first channel's first row.
    public var values: UnsafePointer<Scalar>
    /// Elements from one channel to the next.
    public var channelPitch: Int
    /// Rows of a channel.
    public var height: Int
    /// Pixels of a row.
    public var width: Int
    /// The rows that are wanted, inside the input or not.
    public var rows: Range<Int>
    /// Padding in front of a row.
    public var before: Int
    /// Pixels of a row of the field.
    public var pitch: Int
    /// The field, with room for eight pixels more.
    public var to: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        values: UnsafePointer<Scalar>, channelPitch: Int, height: Int, width: Int,
        rows: Range<Int>, before: Int, pitch: Int, to: UnsafeMutablePointer<Scalar>
    ) {
        self.values = values
        self.channelPitch = channelPitch
        self.height = height
        self.width = width
        self.rows = rows
        self.before = before
        self.pitch = pitch
        self.to = to
    }
}
