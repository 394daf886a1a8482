// SPDX-License-Identifier: Apache-2.0

/// One-dimensional transforms between values and the points of Winograd's minimal filtering; the
/// numbers are outputs and taps. F(2,3) has four points, F(4,3) and F(2,5) share their six, of
/// which F(4,2) has all but 0: what six points make of the last five values is what it makes of them.
public enum WinogradStep: Sendable {
    /// One value to itself: a dimension in which the kernel has one tap.
    case copy
    /// Four neighbouring values to themselves: such a dimension beside another that makes four outputs.
    case copyFour
    /// Four neighbouring values to four points.
    case input4
    /// Five neighbouring values to five points.
    case input5
    /// Six neighbouring values to six points.
    case input6
    /// Five points to four outputs of F(4,2).
    case outputF42
    /// Two taps to five points.
    case weightF42
    /// Four points to two outputs of F(2,3).
    case outputF23
    /// Six points to four outputs of F(4,3).
    case outputF43
    /// Six points to two outputs of F(2,5).
    case outputF25
    /// Three taps to four points.
    case weightF23
    /// Three taps to six points.
    case weightF43
    /// Five taps to six points.
    case weightF25
}

/// A transform of many lanes: for every row and vector,
/// `to[j·toStride] <- step(from[offsets[0]], from[offsets[1]], ...)[j] + addend`.
///
///     from + row·fromPitch + v·lanes      ->      to + row·toPitch + place of vector (column + v)
///
/// Vectors have places in panels that are `panelStride` apart: the first `widePanels` of them hold
/// `width` vectors, the others one less. Only output steps add. Assumption: whole vectors may be
/// read and written; what is written too much is written again by the next row.
public struct TransformOperands<Scalar: BinaryFloatingPoint>: @unchecked Sendable {
    /// Value 0 of row 0.
    public var from: UnsafePointer<Scalar>
    /// Where the values that a step reads are, relative to `from`: the first as many as it reads.
    public var offsets: InlineArray<6, Int>
    /// Elements from one row of values to the next.
    public var fromPitch: Int
    /// Rows.
    public var rows: Int
    /// Vectors of a row.
    public var vectors: Int
    /// Result 0 of row 0: the beginning of a panel.
    public var to: UnsafeMutablePointer<Scalar>
    /// Elements from one result to the next.
    public var toStride: Int
    /// Elements from one row of results to the next.
    public var toPitch: Int
    /// The place of the first vector in its panel.
    public var column: Int
    /// Vectors of the first panel.
    public var width: Int
    /// Panels that have as many.
    public var widePanels: Int
    /// Elements from one panel to the next.
    public var panelStride: Int
    /// Added to what an output step makes.
    public var addend: Scalar

    /// All of it; without panels vectors follow each other.
    public init(
        from: UnsafePointer<Scalar>, offsets: InlineArray<6, Int>, fromPitch: Int, rows: Int,
        vectors: Int, to: UnsafeMutablePointer<Scalar>, toStride: Int, toPitch: Int,
        column: Int = 0, width: Int = .max, widePanels: Int = .max, panelStride: Int = 0,
        addend: Scalar = 0
    ) {
        self.from = from
        self.offsets = offsets
        self.fromPitch = fromPitch
        self.rows = rows
        self.vectors = vectors
        self.to = to
        self.toStride = toStride
        self.toPitch = toPitch
        self.column = column
        self.width = width
        self.widePanels = widePanels
        self.panelStride = panelStride
        self.addend = addend
    }
}

/// Padded rows of one channel, split by the residues of row and column so that the same value of
/// neighbouring tiles is in neighbouring lanes:
///
///     to[(r mod down)·rowPhasePitch + (x mod across)·columnPhasePitch + (r / down)·slot + x / across]
///
/// for r < rows and x < across·slot is the input at row `first + r` and column `left + x`, zero where
/// that lies outside; `across` is 1, 2 or 4. Assumptions: a vector may be read past the last value and
/// written past the last slot of each phase; `line` has room for `across·(slot + lanes) + lanes`.
public struct TileRows<Scalar>: @unchecked Sendable {
    /// The first value of row 0 of the input.
    public var values: UnsafePointer<Scalar>
    /// Size of the input.
    public var width: Int
    /// Rows of the input.
    public var height: Int
    /// The row that is wanted first, inside the input or not.
    public var first: Int
    /// The column that is wanted first.
    public var left: Int
    /// Rows that are wanted.
    public var rows: Int
    /// Residues of rows.
    public var down: Int
    /// Residues of columns.
    public var across: Int
    /// Elements of a row of a phase.
    public var slot: Int
    /// Elements from one phase of the rows to the next.
    public var rowPhasePitch: Int
    /// Elements from one phase of the columns to the next.
    public var columnPhasePitch: Int
    /// Where they go.
    public var to: UnsafeMutablePointer<Scalar>
    /// Memory for one row.
    public var line: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        values: UnsafePointer<Scalar>, width: Int, height: Int, first: Int, left: Int, rows: Int,
        down: Int, across: Int, slot: Int, rowPhasePitch: Int, columnPhasePitch: Int,
        to: UnsafeMutablePointer<Scalar>, line: UnsafeMutablePointer<Scalar>
    ) {
        self.values = values
        self.width = width
        self.height = height
        self.first = first
        self.left = left
        self.rows = rows
        self.down = down
        self.across = across
        self.slot = slot
        self.rowPhasePitch = rowPhasePitch
        self.columnPhasePitch = columnPhasePitch
        self.to = to
        self.line = line
    }
}

/// `to[tap·tapPitch + c·mr + r] <- weights[r·rowStride + c·taps + tap]` for c < channels and tap < taps;
/// rows from `rows` on become zeros.
///
/// Assumption: whole squares of `mr` x `mr` weights are read only where all of them exist.
public struct TapPanels<Scalar>: @unchecked Sendable {
    /// The first weight of row 0.
    public var weights: UnsafePointer<Scalar>
    /// Elements from one output channel to the next.
    public var rowStride: Int
    /// Rows that exist: 1 ... mr.
    public var rows: Int
    /// Channels.
    public var channels: Int
    /// Taps of a channel.
    public var taps: Int
    /// `[taps][channels][mr]`
    public var to: UnsafeMutablePointer<Scalar>
    /// Elements from one tap's panel to the next's.
    public var tapPitch: Int

    /// All of it.
    public init(
        weights: UnsafePointer<Scalar>, rowStride: Int, rows: Int, channels: Int, taps: Int,
        to: UnsafeMutablePointer<Scalar>, tapPitch: Int
    ) {
        self.weights = weights
        self.rowStride = rowStride
        self.rows = rows
        self.channels = channels
        self.taps = taps
        self.to = to
        self.tapPitch = tapPitch
    }
}
