// SPDX-License-Identifier: Apache-2.0

/// Products with output channels in the lanes.
public struct PixelKernels<Scalar: Sendable>: Sendable {
    /// Scalars in a vector.
    public let lanes: Int
    /// Pixels and vectors of channels of the largest tile.
    public let pixels, vectors: Int
    /// The sums of some pixels.
    public let sum: @Sendable (PixelOperands<Scalar>) -> Void
    /// What filtering a dimension with a stride makes of lines.
    public let filterLines: @Sendable (FilteredLines<Scalar>) -> Void
    /// The same of lines of one element, those of a residue together.
    public let filterElements: @Sendable (FilteredLines<Scalar>) -> Void
    /// Sums to outputs.
    public let turn: @Sendable (TurnedSums<Scalar>) -> Void
    /// Whether no element is NaN or infinite; a count of whole vectors.
    public let isFinite: @Sendable (UnsafePointer<Scalar>, Int) -> Bool

    /// All of it.
    public init(
        lanes: Int, pixels: Int, vectors: Int,
        sum: @escaping @Sendable (PixelOperands<Scalar>) -> Void,
        filterLines: @escaping @Sendable (FilteredLines<Scalar>) -> Void,
        filterElements: @escaping @Sendable (FilteredLines<Scalar>) -> Void,
        turn: @escaping @Sendable (TurnedSums<Scalar>) -> Void,
        isFinite: @escaping @Sendable (UnsafePointer<Scalar>, Int) -> Bool
    ) {
        self.lanes = lanes
        self.pixels = pixels
        self.vectors = vectors
        self.sum = sum
        self.filterLines = filterLines
        self.filterElements = filterElements
        self.turn = turn
        self.isFinite = isFinite
    }

    /// Pixels of the smallest tile: half of the largest one's.
    public var leastPixels: Int { (pixels + 1) / 2 }
}

/// Sums of some pixels with output channels in the lanes:
///
///     c[rows[p]·ldc + j] <- start[j] + Σ_k field[pixels[p] + offsets[k]] · b[k·vectors·lanes + j],   k = (channel, tap)
///
/// for the pixels p of some tiles, j < vectors·lanes, and the taps of a tile. The sum runs over k in ascending order
/// with one rounding a step where the instruction set fuses. With `accumulate` it starts at 0 and is added to what `c`
/// holds.
///
/// Assumption: `pixels` and `rows` go on behind the last by one less than the smallest tile has, whose sums a tile of
/// fewer pixels writes to `c` too; they are of no use.
public struct PixelOperands<Scalar>: @unchecked Sendable {
    /// What pixels and offsets are relative to.
    public var field: UnsafePointer<Scalar>
    /// Where each step of the sum looks, relative to a pixel.
    public var offsets: UnsafePointer<Int32>
    /// Length of the sum, and taps of a channel.
    public var depth, taps: Int
    /// Steps of each tap that follow one another: 1 where all taps of a channel do.
    public var tapDepth: Int
    /// Where the pixels are.
    public var pixels: UnsafePointer<Int32>
    /// Which sums are theirs; nil: in the order of the pixels.
    public var rows: UnsafePointer<Int32>?
    /// Runs of pixels: of several none has less than half of the most.
    public var tiles: UnsafeBufferPointer<PixelRun>
    /// A panel of weights, `[depth][vectors · lanes]`.
    public var b: UnsafePointer<Scalar>
    /// Vectors of output channels: 1 ... those of a tile.
    public var vectors: Int
    /// The sums of the first pixel.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one pixel's sums to the next one's.
    public var ldc: Int
    /// Where the sums start, one a channel; nil: at zero.
    public var start: UnsafePointer<Scalar>?
    /// Adds to what C holds (`start` is then nil); false: overwrites it.
    public var accumulate: Bool
    /// What is asked for meanwhile; nil: nothing.
    public var ahead: LinesAhead<Scalar>?

    /// All of it.
    public init(
        field: UnsafePointer<Scalar>, offsets: UnsafePointer<Int32>, depth: Int, taps: Int,
        tapDepth: Int = 1, pixels: UnsafePointer<Int32>, rows: UnsafePointer<Int32>? = nil,
        tiles: UnsafeBufferPointer<PixelRun>,
        b: UnsafePointer<Scalar>, vectors: Int, c: UnsafeMutablePointer<Scalar>, ldc: Int,
        start: UnsafePointer<Scalar>?, accumulate: Bool, ahead: LinesAhead<Scalar>?
    ) {
        self.field = field
        self.offsets = offsets
        self.depth = depth
        self.taps = taps
        self.tapDepth = tapDepth
        self.pixels = pixels
        self.rows = rows
        self.tiles = tiles
        self.b = b
        self.vectors = vectors
        self.c = c
        self.ldc = ldc
        self.start = start
        self.accumulate = accumulate
        self.ahead = ahead
    }
}

/// Lines of the caches that will be wanted: the panel that is read next, or rows of outputs.
public struct LinesAhead<Scalar>: @unchecked Sendable {
    /// The first line.
    public var first: UnsafePointer<Scalar>
    /// Lines of a row, elements from one row to the next, and rows.
    public var rowLines, rowPitch, rows: Int

    /// All of it.
    public init(first: UnsafePointer<Scalar>, rowLines: Int, rowPitch: Int = 0, rows: Int = 1) {
        self.first = first
        self.rowLines = rowLines
        self.rowPitch = rowPitch
        self.rows = rows
    }

    /// So many elements in a row, nil where there is none.
    public init?(_ first: UnsafePointer<Scalar>?, count: Int) {
        guard let first else { return nil }
        self.init(first: first, rowLines: count * MemoryLayout<Scalar>.stride / 64)
    }
}

/// Sums `[pixel][channel]` that become outputs `[channel][pixel]`.
public struct TurnedSums<Scalar>: @unchecked Sendable {
    /// The first pixel's sums.
    public var sums: UnsafePointer<Scalar>
    /// Elements from one pixel's to the next one's.
    public var sumsPitch: Int
    /// How many there are.
    public var pixels, channels: Int
    /// The first channel's outputs.
    public var output: UnsafeMutablePointer<Scalar>
    /// Elements from one channel's to the next one's.
    public var outputPitch: Int

    /// All of it.
    public init(
        sums: UnsafePointer<Scalar>, sumsPitch: Int, pixels: Int, channels: Int,
        output: UnsafeMutablePointer<Scalar>, outputPitch: Int
    ) {
        self.sums = sums
        self.sumsPitch = sumsPitch
        self.pixels = pixels
        self.channels = channels
        self.output = output
        self.outputPitch = outputPitch
    }
}

/// Neighbouring pixels of a tile, and the taps that see anything of the input.
public struct PixelRun: Sendable {
    /// The first pixel, and how many there are.
    public var first, count: Int32
    /// The first tap, and the one behind the last.
    public var firstTap, endTap: Int32
    /// From a pixel to another one whose sums are the same, in ``PixelOperands/rows``; 0: there is none.
    public var twin: Int32

    /// All of it.
    public init(first: Int, count: Int, taps: Range<Int>, twin: Int = 0) {
        self.first = Int32(truncatingIfNeeded: first)
        self.count = Int32(truncatingIfNeeded: count)
        firstTap = Int32(truncatingIfNeeded: taps.lowerBound)
        endTap = Int32(truncatingIfNeeded: taps.upperBound)
        self.twin = Int32(truncatingIfNeeded: twin)
    }
}

/// What minimal filtering makes of a channel's lines, for pairs of outputs that share the lines between them:
///
///     lines[o·step + r] <- ±(values[o·step + r] − values[(o + 1)·step + r]),   r < paired; − where o is odd
///     lines[o·step + r] <- values[o·step + r],                                 r >= paired
///     between[q·paired + r] <- values[(2q + 1)·step + r],                       r < paired
///
/// for the outputs o < count, pairs q < (count + 1) / 2 and r < step. Of lines of one element those of a residue are
/// together, `width` elements for each, so that neighbouring pairs are neighbours:
///
///     lines[r][q], r < step: the first outputs';  lines[step + r][q]: the second ones';  between[r][q], r < paired
///
/// Assumption: a vector behind the last element of each may be read or written (of lines of one element: four vectors
/// and a pair's values), and what `between` holds is written after `lines`.
public struct FilteredLines<Scalar>: @unchecked Sendable {
    /// `count · step + paired` lines.
    public var values: UnsafePointer<Scalar>
    /// Elements of a line or, of lines of one, of a residue.
    public var width: Int
    /// Lines from one output to the next.
    public var step: Int
    /// Taps that have another one a step further on.
    public var paired: Int
    /// Outputs.
    public var count: Int
    /// Where the lines of the outputs go.
    public var lines: UnsafeMutablePointer<Scalar>
    /// Where those go that two outputs share.
    public var between: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        values: UnsafePointer<Scalar>, width: Int, step: Int, paired: Int, count: Int,
        lines: UnsafeMutablePointer<Scalar>, between: UnsafeMutablePointer<Scalar>
    ) {
        self.values = values
        self.width = width
        self.step = step
        self.paired = paired
        self.count = count
        self.lines = lines
        self.between = between
    }
}
