// SPDX-License-Identifier: Apache-2.0

/// Neighbouring rows of one channel, padded and split by stride phase. Element i of the virtual row
/// `[before zeros, count values, zeros ...]` goes to `to[(i mod stride)·phasePitch + i / stride]`, for
/// i < stride·phasePitch; rows of the input outside `height` are zeros.
///
///     stride 2, before 1:   0 x0 x1 x2 x3 ...   ->   phase 0: 0 x1 x3 ...   phase 1: x0 x2 ...
///
/// Assumptions: two vectors may be read past the last value; a vector may be written past the last row.
public struct PaddedRows<Scalar>: @unchecked Sendable {
    /// The first value of row 0 of the input.
    public var values: UnsafePointer<Scalar>
    /// Elements from one row of the input to the next.
    public var valuesPitch: Int
    /// Rows of the input.
    public var height: Int
    /// The rows that are wanted, inside the input or not.
    public var rows: Range<Int>
    /// Values of a row that exist.
    public var count: Int
    /// Zeros before a row's first value.
    public var before: Int
    /// Phases that a row is split into.
    public var stride: Int
    /// Elements of a phase.
    public var phasePitch: Int
    /// Where the first row goes; the others follow.
    public var to: UnsafeMutablePointer<Scalar>
    /// Elements from a value to what will be read next in its place: the next channel. A hint.
    public var ahead: Int

    /// All of it.
    public init(
        values: UnsafePointer<Scalar>, valuesPitch: Int, height: Int, rows: Range<Int>,
        count: Int, before: Int, stride: Int, phasePitch: Int, to: UnsafeMutablePointer<Scalar>,
        ahead: Int
    ) {
        self.values = values
        self.valuesPitch = valuesPitch
        self.height = height
        self.rows = rows
        self.count = count
        self.before = before
        self.stride = stride
        self.phasePitch = phasePitch
        self.to = to
        self.ahead = ahead
    }
}

/// A piece of a row of B: neighbouring pixels that go to one panel.
public struct CopyPiece: Sendable {
    /// Offset of the first pixel in the padded rows, for a tap at offset 0.
    public var from: Int32
    /// Offset of its place in the first row of the panels.
    public var to: Int32
    /// Whole vectors that hold the piece.
    public var vectors: Int32

    /// A piece.
    public init(from: Int32, to: Int32, vectors: Int32) {
        self.from = from
        self.to = to
        self.vectors = vectors
    }
}

/// Rows of B for some taps: `rows[t·rowPitch + to + i] <- plane[taps[t] + from + i·stride]` for every tap t
/// and every piece.
///
/// Assumptions: `stride` is 1 or 2; `stride` vectors may be read from the last pixel on; pieces are in the
/// order of their places, so that what a vector writes too much is written again by the next piece or the
/// next row; the last row is followed by slack.
public struct TapColumns<Scalar>: @unchecked Sendable {
    /// The channel's padded rows, or the input.
    public var plane: UnsafePointer<Scalar>
    /// Offset of each tap in them.
    public var taps: UnsafeBufferPointer<Int32>
    /// The pixels.
    public var pieces: UnsafeBufferPointer<CopyPiece>
    /// The row of the first tap in the first panel.
    public var rows: UnsafeMutablePointer<Scalar>
    /// Elements from one tap's row to the next's.
    public var rowPitch: Int
    /// Elements from one pixel to the next.
    public var stride: Int

    /// All of it.
    public init(
        plane: UnsafePointer<Scalar>, taps: UnsafeBufferPointer<Int32>,
        pieces: UnsafeBufferPointer<CopyPiece>, rows: UnsafeMutablePointer<Scalar>, rowPitch: Int,
        stride: Int
    ) {
        self.plane = plane
        self.taps = taps
        self.pieces = pieces
        self.rows = rows
        self.rowPitch = rowPitch
        self.stride = stride
    }
}

/// `row[i] <- phases[i mod stride][i / stride]` for i < count, where phase r is at `phases + r·pitch`.
///
/// Assumption: whole vectors may be read past each phase; nothing is written past the row.
public struct PhaseRows<Scalar>: @unchecked Sendable {
    /// Phase 0.
    public var phases: UnsafePointer<Scalar>
    /// Elements from one phase to the next.
    public var pitch: Int
    /// Phases.
    public var stride: Int
    /// Where the row goes.
    public var row: UnsafeMutablePointer<Scalar>
    /// Elements of the row.
    public var count: Int

    /// All of it.
    public init(
        phases: UnsafePointer<Scalar>, pitch: Int, stride: Int,
        row: UnsafeMutablePointer<Scalar>, count: Int
    ) {
        self.phases = phases
        self.pitch = pitch
        self.stride = stride
        self.row = row
        self.count = count
    }
}

/// A row, or a part of one, that is made of phases: neighbouring outputs.
public struct PhasePiece: Sendable {
    /// Offset of its first element from the first of each phase.
    public var from: Int
    /// Offset of its place in the output.
    public var to: Int
    /// Elements of it, those of all phases.
    public var count: Int

    /// A piece.
    public init(from: Int, to: Int, count: Int) {
        self.from = from
        self.to = to
        self.count = count
    }
}

/// Rows of the input split by stride phase: `to[y·toPitch + p·phasePitch + i] <- values[y·pitch + i·phases + p]` for
/// y < rows, p < phases, i < count.
///
/// Assumptions: 1, 2 or 4 phases; `phases` vectors may be read past each row, and one written past each phase's,
/// before the row that follows.
public struct RowPhases<Scalar>: @unchecked Sendable {
    /// The first row.
    public var values: UnsafePointer<Scalar>
    /// Elements from one row to the next.
    public var pitch: Int
    /// Rows.
    public var rows: Int
    /// Phases of a row.
    public var phases: Int
    /// Elements of a phase.
    public var count: Int
    /// Where phase 0 of the first row goes.
    public var to: UnsafeMutablePointer<Scalar>
    /// Elements from one row of a phase to the next.
    public var toPitch: Int
    /// Elements from one phase to the next.
    public var phasePitch: Int
    /// Elements from a value to what will be read next in its place: the next channel. A hint.
    public var ahead: Int

    /// All of it.
    public init(
        values: UnsafePointer<Scalar>, pitch: Int, rows: Int, phases: Int, count: Int,
        to: UnsafeMutablePointer<Scalar>, toPitch: Int, phasePitch: Int, ahead: Int
    ) {
        self.values = values
        self.pitch = pitch
        self.rows = rows
        self.phases = phases
        self.count = count
        self.to = to
        self.toPitch = toPitch
        self.phasePitch = phasePitch
        self.ahead = ahead
    }
}

/// A row of B where it lies, for every pixel of a block.
public struct ColumnSource<Scalar>: @unchecked Sendable {
    /// The value of the block's first pixel; the others follow.
    public var values: UnsafePointer<Scalar>
    /// As many lanes: all bits set where the value is inside the input, none where it is outside.
    public var mask: UnsafePointer<Scalar>

    /// A row.
    public init(values: UnsafePointer<Scalar>, mask: UnsafePointer<Scalar>) {
        self.values = values
        self.mask = mask
    }
}

/// Rows of B into one panel: `panel[k·nr + j] <- rows[k].values[column + j]`, or zero where the mask has no bits.
///
/// Assumptions: `rows` goes on for ``rowsAhead`` after the last one, with pointers that may be asked for ahead;
/// whole vectors of values and masks may be read, and of the panel written.
public struct ColumnRows<Scalar>: @unchecked Sendable {
    /// Rows that a kernel asks for before it reads them.
    @inlinable public static var rowsAhead: Int { 8 }

    /// The rows, in the order of the sum.
    public var rows: UnsafePointer<ColumnSource<Scalar>>
    /// Rows.
    public var depth: Int
    /// Whether some pixel looks outside the input; else masks are not read.
    public var isMasked: Bool
    /// Whether a panel's rows are to be asked for while the panel before it is multiplied.
    public var asksAhead: Bool
    /// The panel's first pixel.
    public var column: Int
    /// Vectors of a row.
    public var vectors: Int
    /// `[depth][nr]`.
    public var panel: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        rows: UnsafePointer<ColumnSource<Scalar>>, depth: Int, isMasked: Bool, asksAhead: Bool,
        column: Int = 0, vectors: Int = 0, panel: UnsafeMutablePointer<Scalar>
    ) {
        self.rows = rows
        self.depth = depth
        self.isMasked = isMasked
        self.asksAhead = asksAhead
        self.column = column
        self.vectors = vectors
        self.panel = panel
    }
}
