// SPDX-License-Identifier: Apache-2.0

/// The inner loops of direct convolution: sums over windows that are read where they lie.
public struct RowKernels<Scalar: Sendable>: Sendable {
    /// Rows of outputs that share their inputs in registers.
    public let rows: Int
    /// Output channels of a panel of weights.
    public let channels: Int
    /// Panels that share their inputs in registers, at most.
    public let channelPanels: Int
    /// Rows of output channels, several at a time.
    public let sumRows: @Sendable (RowOperands<Scalar>) -> Void
    /// The largest side of a window that ``rollRows`` is there for: 3 or 5.
    public let rollingSide: Int
    /// Rows of output channels, from the top down.
    public let rollRows: @Sendable (RowOperands<Scalar>) -> Void
    /// Some pixels of one or more panels of ``channels`` output channels.
    public let sumChannels: @Sendable (ChannelOperands<Scalar>) -> Void
    /// Outputs that ``sumLanes`` has in registers.
    public let pixels: Int
    /// A band of channels that have a kernel each.
    public let sumLanes: @Sendable (LaneOperands<Scalar>) -> Void
    /// The same of a transposed convolution.
    public let sumLanePhases: @Sendable (LaneOperands<Scalar>, LanePhases<Scalar>) -> Void
    /// Sums of the products of rows with windows: `sums[t·lanes + c] <- Σ_p rows[c, p] · field[pixels[p] +
    /// offsets[t] + c]`, with the rows in the place of the weights, `outputPitch` from one channel to the next.
    public let correlateLanes: @Sendable (LaneOperands<Scalar>) -> Void

    /// A set of kernels.
    public init(
        rows: Int, channels: Int, channelPanels: Int,
        sumRows: @escaping @Sendable (RowOperands<Scalar>) -> Void,
        rollingSide: Int, rollRows: @escaping @Sendable (RowOperands<Scalar>) -> Void,
        sumChannels: @escaping @Sendable (ChannelOperands<Scalar>) -> Void, pixels: Int,
        sumLanes: @escaping @Sendable (LaneOperands<Scalar>) -> Void,
        sumLanePhases: @escaping @Sendable (LaneOperands<Scalar>, LanePhases<Scalar>) -> Void,
        correlateLanes: @escaping @Sendable (LaneOperands<Scalar>) -> Void
    ) {
        self.rows = rows
        self.channels = channels
        self.channelPanels = channelPanels
        self.sumRows = sumRows
        self.rollingSide = rollingSide
        self.rollRows = rollRows
        self.sumChannels = sumChannels
        self.pixels = pixels
        self.sumLanes = sumLanes
        self.sumLanePhases = sumLanePhases
        self.correlateLanes = correlateLanes
    }
}

/// A band of rows of some images, a few output channels of each, from rows of the input that lie anywhere:
///
///     output[t·outputPitch + x] <- start + Σ_p Σ_j Σ_i weights[(p·taps + i)·columnCount + j]
///                                                · rows[p·planePitch + t·step + i][columns[j] + x]
///
/// for t < count, x < width; p is a plane (a channel, a depth), i a tap's row, j its column. The sum runs
/// in this order, one rounding a step where the instruction set fuses, and is added to the output after
/// every `chunk` columns of taps. Weights, starts and outputs of an output channel follow those of the
/// one before; with `fill` the rows are made anew for each image, with `moving` they move on.
///
/// What a row has outside of `border` counts as 0.
///
/// Windows that roll (``RowKernels/rollRows``) are of one plane and square, their side 3 or 5, no larger than
/// ``RowKernels/rollingSide``; `step` is 1 or 2, and neighbouring outputs look at elements that are as far apart, where
/// `columns` are neighbours if it is 2. Their sums run over i, then j; rows are no shorter than a vector.
///
/// Assumptions: a row may be read in whole vectors; (step, taps) is one of (1, any), (2, 3), (2, 5),
/// (2, 7); rows with a border are no shorter than a vector, inputs and outputs. Only the band's own
/// outputs are written.
public struct RowOperands<Scalar>: @unchecked Sendable {
    /// Where the rows of the input begin, those of one plane after those of another.
    public var rows: UnsafeMutablePointer<UnsafePointer<Scalar>>
    /// From a plane's first row to the next plane's.
    public var planePitch: Int
    /// Planes that are summed.
    public var planes: Int
    /// The window.
    public var window: RowWindow
    /// Rows of a plane that are not all padding; others may be passed over, and are zeros.
    public var inside: Range<Int>
    /// Weights `[planes][taps][columnCount]`.
    public var weights: UnsafePointer<Scalar>
    /// Where the sums start, one an output channel.
    public var starts: UnsafePointer<Scalar>?
    /// Where they start without, or what is added to where they start.
    public var start: Scalar
    /// Where the outputs go.
    public var output: RowOutput<Scalar>
    /// Memory for ``RowKernels/rows`` vectors.
    public var edge: UnsafeMutablePointer<Scalar>
    /// Images that follow each other.
    public var images = 1
    /// How the rows of the first image are made; those of the next are `imagePitch` further.
    public var fill: PaddedRows<Scalar>?
    /// Rows that are the input's own, so that those of the next image are `imagePitch` further.
    public var moving = 0..<0
    /// Elements of the input from an image to the next.
    public var imagePitch = 0
    /// What a row has inside.
    public var border = RowBorder<Scalar>.none

    /// All of it, for one image.
    public init(
        rows: UnsafeMutablePointer<UnsafePointer<Scalar>>, planePitch: Int, planes: Int,
        window: RowWindow, inside: Range<Int>, weights: UnsafePointer<Scalar>,
        starts: UnsafePointer<Scalar>?, start: Scalar, output: RowOutput<Scalar>,
        edge: UnsafeMutablePointer<Scalar>
    ) {
        self.rows = rows
        self.planePitch = planePitch
        self.planes = planes
        self.window = window
        self.inside = inside
        self.weights = weights
        self.starts = starts
        self.start = start
        self.output = output
        self.edge = edge
    }
}

/// The columns of a row that are not padding, though other numbers may lie there.
public struct RowBorder<Scalar>: @unchecked Sendable {
    /// A vector of no bits, one of all bits, one of none.
    public var mask: UnsafePointer<Scalar>?
    /// Columns inside: no fewer than a vector has.
    public var inside: Range<Int>

    /// All that is looked at is inside.
    public static var none: RowBorder { RowBorder(mask: nil, inside: Int.min / 2..<Int.max / 2) }

    /// All of it.
    public init(mask: UnsafePointer<Scalar>?, inside: Range<Int>) {
        self.mask = mask
        self.inside = inside
    }
}

/// The taps of ``RowOperands``.
public struct RowWindow: @unchecked Sendable {
    /// Rows of the input from one output row to the next.
    public var step: Int
    /// Taps in a column.
    public var taps: Int
    /// Offset of each column of taps.
    public var columns: UnsafePointer<Int>
    /// Columns of taps.
    public var columnCount: Int
    /// Columns of taps that are summed in registers.
    public var chunk: Int

    /// All of it.
    public init(
        step: Int, taps: Int, columns: UnsafePointer<Int>, columnCount: Int, chunk: Int
    ) {
        self.step = step
        self.taps = taps
        self.columns = columns
        self.columnCount = columnCount
        self.chunk = chunk
    }
}

/// The outputs of ``RowOperands``.
public struct RowOutput<Scalar>: @unchecked Sendable {
    /// The first output of the first channel.
    public var first: UnsafeMutablePointer<Scalar>
    /// Elements from one row to the next.
    public var pitch: Int
    /// Rows.
    public var count: Int
    /// Outputs in a row.
    public var width: Int
    /// Output channels of an image.
    public var channels: Int
    /// Elements from one channel to the next.
    public var channelPitch: Int

    /// All of it.
    public init(
        first: UnsafeMutablePointer<Scalar>, pitch: Int, count: Int, width: Int, channels: Int,
        channelPitch: Int
    ) {
        self.first = first
        self.pitch = pitch
        self.count = count
        self.width = width
        self.channels = channels
        self.channelPitch = channelPitch
    }
}

/// A vector of neighbouring pixels.
public struct VectorPlace: Sendable {
    /// Offset of its first window from the first tap's offset.
    public var from: Int
    /// Offset of its first output in a channel's block.
    public var to: Int

    /// A place.
    public init(from: Int, to: Int) {
        self.from = from
        self.to = to
    }
}

/// Neighbouring taps of a sum.
public struct TapRun: Sendable {
    /// The first.
    public var first: Int
    /// How many.
    public var count: Int

    /// A run.
    public init(first: Int, count: Int) {
        self.first = first
        self.count = count
    }
}

/// Some taps of some pixels of `panels` panels of ``RowKernels/channels`` output channels:
///
///     output[r·outputPitch + to + x] <- Σ_run Σ_k a(r)[k·channels + r mod channels] · windows[offsets[k] + from + x] + bias[r]
///
/// with a(r) = a + ⌊r / channels⌋ · panelPitch, for every place, r < rows and x < width; the sum of a run goes over k in
/// ascending order, one rounding a step where the instruction set fuses, the bias is added to that of the first, and
/// each is added to those of the runs before. Between two runs the sums are in memory of their own.
///
/// Assumptions: windows may be read in whole vectors. Places may overlap.
public struct ChannelOperands<Scalar>: @unchecked Sendable {
    /// Weights `[panels][depth][channels]`.
    public var a: UnsafePointer<Scalar>
    /// 1 ... ``RowKernels/channelPanels``.
    public var panels: Int
    /// Elements from one panel of weights to the next.
    public var panelPitch: Int
    /// The run.
    public var taps: TapRun
    /// Whether there is one before and one behind it.
    public var isFirst, isLast: Bool
    /// One a channel.
    public var bias: UnsafePointer<Scalar>
    /// What the offsets count from.
    public var windows: UnsafePointer<Scalar>
    /// Offset of each tap.
    public var offsets: UnsafePointer<Int>
    /// The pixels.
    public var places: UnsafeBufferPointer<VectorPlace>
    /// Pixels of a place: as many as a vector has, or fewer.
    public var width: Int
    /// Output channels that exist: those of all panels, or fewer of the last.
    public var rows: Int
    /// The block's first output of the first channel.
    public var output: UnsafeMutablePointer<Scalar>
    /// Elements from one output channel to the next.
    public var outputPitch: Int
    /// Where the sums are between two runs: a vector for each place and channel.
    public var sums: UnsafeMutablePointer<Scalar>
    /// Memory for a vector.
    public var edge: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        a: UnsafePointer<Scalar>, panels: Int, panelPitch: Int, taps: TapRun, isFirst: Bool,
        isLast: Bool,
        bias: UnsafePointer<Scalar>, windows: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>,
        places: UnsafeBufferPointer<VectorPlace>, width: Int, rows: Int,
        output: UnsafeMutablePointer<Scalar>, outputPitch: Int,
        sums: UnsafeMutablePointer<Scalar>, edge: UnsafeMutablePointer<Scalar>
    ) {
        self.a = a
        self.panels = panels
        self.panelPitch = panelPitch
        self.taps = taps
        self.isFirst = isFirst
        self.isLast = isLast
        self.bias = bias
        self.windows = windows
        self.offsets = offsets
        self.places = places
        self.width = width
        self.rows = rows
        self.output = output
        self.outputPitch = outputPitch
        self.sums = sums
        self.edge = edge
    }
}
