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
