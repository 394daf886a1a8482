// SPDX-License-Identifier: Apache-2.0

/// One pass over the points of a line, which splits each of its blocks into `radix` shorter ones.
///
/// A block of n points is a polynomial a(t) of degree below n modulo tⁿ − c^radix, c being a point of the
/// unit circle that belongs to the block. With m = n / radix and ω = e^(2πi/radix),
///
///     block k of the result, k < radix:   a(t) mod tᵐ − c·ωᵏ   =   Σ_j aⱼ · cʲ · ωʲᵏ,   j < radix,
///
/// where aⱼ are the m coefficients from j·m on. Blocks of one point are values of a: its transform.
public struct FourierPass: Sendable {
    /// 2, 3 or 4.
    public var radix: Int
    /// Blocks before the pass.
    public var blocks: Int
    /// Points of a block after the pass.
    public var points: Int
    /// Where the first block's c, c² ... are among the twiddles: `[blocks][radix − 1][re, im]`.
    public var twiddles: Int

    /// A pass.
    public init(radix: Int, blocks: Int, points: Int, twiddles: Int) {
        self.radix = radix
        self.blocks = blocks
        self.points = points
        self.twiddles = twiddles
    }
}

/// Lines of points that are transformed alike: point i of line l is at `first + l·linePitch + i·pitch`.
public struct FourierLines<Scalar>: @unchecked Sendable {
    /// Point 0 of line 0.
    public var first: UnsafeMutablePointer<Scalar>
    /// Elements from one point of a line to the next.
    public var pitch: Int
    /// Lines.
    public var count: Int
    /// Elements from one line to the next.
    public var linePitch: Int
    /// The passes of a forward transform; an inverse one undoes them, the last one first.
    public var passes: UnsafeBufferPointer<FourierPass>
    /// See ``FourierPass/twiddles``.
    public var twiddles: UnsafePointer<Scalar>
    /// Points of a line.
    public var length: Int

    /// All of it.
    public init(
        first: UnsafeMutablePointer<Scalar>, pitch: Int, count: Int, linePitch: Int,
        passes: UnsafeBufferPointer<FourierPass>, twiddles: UnsafePointer<Scalar>, length: Int
    ) {
        self.first = first
        self.pitch = pitch
        self.count = count
        self.linePitch = linePitch
        self.passes = passes
        self.twiddles = twiddles
        self.length = length
    }
}

/// What the points of some lines are multiplied with, conjugated; line after line.
public struct LineSpectrum<Scalar>: @unchecked Sendable {
    /// `[lines][length][re, im]`, each a number for all lanes or a vector.
    public var values: UnsafePointer<Scalar>
    /// Whether each lane has a spectrum of its own.
    public var isPerLane: Bool

    /// All of it.
    public init(values: UnsafePointer<Scalar>, isPerLane: Bool) {
        self.values = values
        self.isPerLane = isPerLane
    }
}

/// Points in runs: point i, counted on from line to line, is at
/// `first + (i / run)·runPitch + (i mod run)·pitch`.
///
/// Assumption: `run` divides the length of the lines.
public struct ScatteredPoints<Scalar>: @unchecked Sendable {
    /// Point 0.
    public var first: UnsafeMutablePointer<Scalar>
    /// Points of a run.
    public var run: Int
    /// Elements from one point of a run to the next.
    public var pitch: Int
    /// Elements from one run to the next.
    public var runPitch: Int

    /// All of it.
    public init(first: UnsafeMutablePointer<Scalar>, run: Int, pitch: Int, runPitch: Int) {
        self.first = first
        self.run = run
        self.pitch = pitch
        self.runPitch = runPitch
    }
}

/// Rows and lanes: value i of row r is lane r of the vector at `vectors + i·pitch`, i < count.
///
/// Assumptions: there are as many rows as lanes; whole vectors may be read past each row, and may be
/// written past it where rows are written.
public struct LaneRows<Scalar>: @unchecked Sendable {
    /// The first value of each row.
    public var rows: UnsafePointer<UnsafeMutablePointer<Scalar>>
    /// Values of a row.
    public var count: Int
    /// The first vector.
    public var vectors: UnsafeMutablePointer<Scalar>
    /// Elements from one vector to the next.
    public var pitch: Int

    /// All of it.
    public init(
        rows: UnsafePointer<UnsafeMutablePointer<Scalar>>, count: Int,
        vectors: UnsafeMutablePointer<Scalar>, pitch: Int
    ) {
        self.rows = rows
        self.count = count
        self.vectors = vectors
        self.pitch = pitch
    }
}

/// `to[i] <- from[i·stride] + bias`, i < count; nothing is written past the row.
public struct EmittedRow<Scalar>: @unchecked Sendable {
    /// The first sum.
    public var from: UnsafePointer<Scalar>
    /// Elements from one sum to the next.
    public var stride: Int
    /// The first output.
    public var to: UnsafeMutablePointer<Scalar>
    /// Outputs.
    public var count: Int
    /// Added to each.
    public var bias: Scalar

    /// All of it.
    public init(
        from: UnsafePointer<Scalar>, stride: Int, to: UnsafeMutablePointer<Scalar>, count: Int,
        bias: Scalar
    ) {
        self.from = from
        self.stride = stride
        self.to = to
        self.count = count
        self.bias = bias
    }
}

/// Complex sums over channels: `c[o] <- Σ_k conj(a[k][o]) · b[k]`, o < ``FourierKernels/outputs``.
///
///     a  [depth][re, im][lanes], of which one lane for each output
///     b  [depth][vectors][re, im][lanes]
///     c  [outputs][vectors][re, im][lanes]
///
/// The sum runs over k in ascending order.
public struct SpectrumTile<Scalar>: @unchecked Sendable {
    /// Length of the sum.
    public var depth: Int
    /// The tile's first output of the first channel.
    public var a: UnsafePointer<Scalar>
    /// The first channel's points.
    public var b: UnsafePointer<Scalar>
    /// The tile's first output.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one channel to the next of `a`, of `b`, and from one output to the next of `c`.
    public var pitches: (a: Int, b: Int, c: Int)
    /// Vectors of points: 1 ... ``FourierKernels/vectors``.
    public var vectors: Int
    /// Adds to what C holds; false: overwrites it.
    public var accumulate: Bool

    /// All of it.
    public init(
        depth: Int, a: UnsafePointer<Scalar>, b: UnsafePointer<Scalar>,
        c: UnsafeMutablePointer<Scalar>, pitches: (a: Int, b: Int, c: Int), vectors: Int,
        accumulate: Bool
    ) {
        self.depth = depth
        self.a = a
        self.b = b
        self.c = c
        self.pitches = pitches
        self.vectors = vectors
        self.accumulate = accumulate
    }
}
