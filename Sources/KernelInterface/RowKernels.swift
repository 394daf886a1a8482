// SPDX-License-Identifier: Apache-2.0

/// The inner loops of direct convolution: sums over windows that are read where they lie.
public struct RowKernels<Scalar: Sendable>: Sendable {
    /// Rows of outputs that share their inputs in registers.
    public let rows: Int
    /// Output channels that share their inputs in registers.
    public let channels: Int
    /// Several rows of one output channel.
    public let sumRows: @Sendable (RowOperands<Scalar>) -> Void
    /// Some pixels of ``channels`` output channels.
    public let sumChannels: @Sendable (ChannelOperands<Scalar>) -> Void

    /// A set of kernels.
    public init(
        rows: Int, channels: Int, sumRows: @escaping @Sendable (RowOperands<Scalar>) -> Void,
        sumChannels: @escaping @Sendable (ChannelOperands<Scalar>) -> Void
    ) {
        self.rows = rows
        self.channels = channels
        self.sumRows = sumRows
        self.sumChannels = sumChannels
    }
}

/// A band of rows of one output channel, from rows of the input that lie anywhere:
///
///     output[t·outputPitch + x] <- start + Σ_p Σ_j Σ_i weights[(p·taps + i)·columnCount + j]
///                                                · rows[p·planePitch + t·step + i][columns[j] + x]
///
/// for t < count, x < width; p is a plane (a channel, a depth), i a tap's row, j its column. The sum runs
/// in this order, one rounding a step where the instruction set fuses, and is added to the output after
/// every `chunk` columns of taps.
///
/// Assumptions: a row may be read in whole vectors; (step, taps) is one of (1, any), (2, 3), (2, 5),
/// (2, 7). Only the band's own outputs are written.
public struct RowOperands<Scalar>: @unchecked Sendable {
    /// Where the rows of the input begin, those of one plane after those of another.
    public var rows: UnsafePointer<UnsafePointer<Scalar>>
    /// From a plane's first row to the next plane's.
    public var planePitch: Int
    /// Planes that are summed.
    public var planes: Int
    /// Rows of the input from one output row to the next.
    public var step: Int
    /// Taps of the kernel in a column.
    public var taps: Int
    /// Offset of each column of taps.
    public var columns: UnsafePointer<Int>
    /// Columns of taps.
    public var columnCount: Int
    /// Rows of a plane that are not all padding; others may be passed over, and are zeros.
    public var inside: Range<Int>
    /// Weights `[planes][taps][columnCount]`.
    public var weights: UnsafePointer<Scalar>
    /// Where the sums start.
    public var start: Scalar
    /// Columns of taps that are summed in registers.
    public var chunk: Int
    /// Where the outputs go.
    public var output: UnsafeMutablePointer<Scalar>
    /// Elements from one row of outputs to the next.
    public var outputPitch: Int
    /// Rows of outputs.
    public var count: Int
    /// Outputs in a row.
    public var width: Int
    /// Memory for ``RowKernels/rows`` vectors.
    public var edge: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        rows: UnsafePointer<UnsafePointer<Scalar>>, planePitch: Int, planes: Int, step: Int,
        taps: Int, columns: UnsafePointer<Int>, columnCount: Int, inside: Range<Int>,
        weights: UnsafePointer<Scalar>, start: Scalar, chunk: Int,
        output: UnsafeMutablePointer<Scalar>, outputPitch: Int, count: Int, width: Int,
        edge: UnsafeMutablePointer<Scalar>
    ) {
        self.rows = rows
        self.planePitch = planePitch
        self.planes = planes
        self.step = step
        self.taps = taps
        self.columns = columns
        self.columnCount = columnCount
        self.inside = inside
        self.weights = weights
        self.start = start
        self.chunk = chunk
        self.output = output
        self.outputPitch = outputPitch
        self.count = count
        self.width = width
        self.edge = edge
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

/// Some pixels of ``RowKernels/channels`` output channels:
///
///     output[r·outputPitch + to + x] <- bias[r] + Σ_k a[k·channels + r] · windows[offsets[k] + from + x]
///
/// for every place, r < rows and x < width; the sum runs over k in ascending order, one rounding a step
/// where the instruction set fuses, and is added to the output after every `chunk` steps.
///
/// Assumptions: windows may be read in whole vectors. Places may overlap.
public struct ChannelOperands<Scalar>: @unchecked Sendable {
    /// Weights `[depth][channels]`.
    public var a: UnsafePointer<Scalar>
    /// Length of the sum.
    public var depth: Int
    /// Steps that are summed in registers.
    public var chunk: Int
    /// Where the sums start, one a channel.
    public var bias: UnsafePointer<Scalar>
    /// What the offsets count from.
    public var windows: UnsafePointer<Scalar>
    /// Offset of each tap.
    public var offsets: UnsafePointer<Int>
    /// The pixels.
    public var places: UnsafeBufferPointer<VectorPlace>
    /// Pixels of a place: as many as a vector has, or fewer.
    public var width: Int
    /// Output channels that exist: 1 ... channels.
    public var rows: Int
    /// The block's first output of the first channel.
    public var output: UnsafeMutablePointer<Scalar>
    /// Elements from one output channel to the next.
    public var outputPitch: Int
    /// Memory for a vector.
    public var edge: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        a: UnsafePointer<Scalar>, depth: Int, chunk: Int, bias: UnsafePointer<Scalar>,
        windows: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>,
        places: UnsafeBufferPointer<VectorPlace>, width: Int, rows: Int,
        output: UnsafeMutablePointer<Scalar>, outputPitch: Int, edge: UnsafeMutablePointer<Scalar>
    ) {
        self.a = a
        self.depth = depth
        self.chunk = chunk
        self.bias = bias
        self.windows = windows
        self.offsets = offsets
        self.places = places
        self.width = width
        self.rows = rows
        self.output = output
        self.outputPitch = outputPitch
        self.edge = edge
    }
}
