// SPDX-License-Identifier: Apache-2.0

/// Products with output channels in the lanes.
public struct PixelKernels<Scalar: Sendable>: Sendable {
    /// Scalars in a vector.
    public let lanes: Int
    /// Pixels and vectors of channels of the largest tile.
    public let pixels, vectors: Int
    /// The sums of some pixels.
    public let sum: @Sendable (PixelOperands<Scalar>) -> Void

    /// All of it.
    public init(
        lanes: Int, pixels: Int, vectors: Int,
        sum: @escaping @Sendable (PixelOperands<Scalar>) -> Void
    ) {
        self.lanes = lanes
        self.pixels = pixels
        self.vectors = vectors
        self.sum = sum
    }
}

/// Sums of some pixels with output channels in the lanes:
///
///     c[p·ldc + j] <- start[j] + Σ_k field[pixels[p] + offsets[k]] · b[k·vectors·lanes + j],   k = (channel, tap)
///
/// for the pixels p of some tiles, j < vectors·lanes, and the taps of a tile. The sum runs over k in ascending order
/// with one rounding a step where the instruction set fuses. With `accumulate` it starts at 0 and is added to what `c`
/// holds.
///
/// Assumption: `pixels` go on for three behind the last, whose sums a single tile of fewer than four pixels writes to
/// `c` too; they are of no use.
public struct PixelOperands<Scalar>: @unchecked Sendable {
    /// What pixels and offsets are relative to.
    public var field: UnsafePointer<Scalar>
    /// Where each step of the sum looks, relative to a pixel.
    public var offsets: UnsafePointer<Int32>
    /// Length of the sum, and taps of a channel.
    public var depth, taps: Int
    /// Where the pixels are.
    public var pixels: UnsafePointer<Int32>
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
    /// The panel that is read next, about as large as this one, to be asked for meanwhile; nil: none.
    public var ahead: UnsafePointer<Scalar>?

    /// All of it.
    public init(
        field: UnsafePointer<Scalar>, offsets: UnsafePointer<Int32>, depth: Int, taps: Int,
        pixels: UnsafePointer<Int32>, tiles: UnsafeBufferPointer<PixelRun>,
        b: UnsafePointer<Scalar>, vectors: Int, c: UnsafeMutablePointer<Scalar>, ldc: Int,
        start: UnsafePointer<Scalar>?, accumulate: Bool, ahead: UnsafePointer<Scalar>?
    ) {
        self.field = field
        self.offsets = offsets
        self.depth = depth
        self.taps = taps
        self.pixels = pixels
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

/// Neighbouring pixels of a tile, and the taps that see anything of the input.
public struct PixelRun: Sendable {
    /// The first pixel, and how many there are.
    public var first, count: Int32
    /// The first tap, and the one behind the last.
    public var firstTap, endTap: Int32

    /// All of it.
    public init(first: Int, count: Int, taps: Range<Int>) {
        self.first = Int32(truncatingIfNeeded: first)
        self.count = Int32(truncatingIfNeeded: count)
        firstTap = Int32(truncatingIfNeeded: taps.lowerBound)
        endTap = Int32(truncatingIfNeeded: taps.upperBound)
    }
}
