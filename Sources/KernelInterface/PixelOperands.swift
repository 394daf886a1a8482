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
///     c[p·ldc + j] <- start[j] + Σ_k field[pixels[p] + offsets[k]] · b[k·vectors·lanes + j]
///
/// for p < count and j < vectors·lanes. The sum runs over k in ascending order with one rounding a step where the
/// instruction set fuses. With `accumulate` it starts at 0 and is added to what `c` holds.
///
/// Assumptions: `pixels` go on for three behind the last, whose sums are written to `c` too, and are of no use.
public struct PixelOperands<Scalar>: @unchecked Sendable {
    /// What pixels and offsets are relative to.
    public var field: UnsafePointer<Scalar>
    /// Where each step of the sum looks, relative to a pixel.
    public var offsets: UnsafePointer<Int32>
    /// Length of the sum.
    public var depth: Int
    /// Where the pixels are.
    public var pixels: UnsafePointer<Int32>
    /// Pixels.
    public var count: Int
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
    /// The panel that is read next, as large as this one, to be asked for meanwhile; nil: none.
    public var ahead: UnsafePointer<Scalar>?

    /// All of it.
    public init(
        field: UnsafePointer<Scalar>, offsets: UnsafePointer<Int32>, depth: Int,
        pixels: UnsafePointer<Int32>, count: Int, b: UnsafePointer<Scalar>, vectors: Int,
        c: UnsafeMutablePointer<Scalar>, ldc: Int, start: UnsafePointer<Scalar>?,
        accumulate: Bool, ahead: UnsafePointer<Scalar>?
    ) {
        self.field = field
        self.offsets = offsets
        self.depth = depth
        self.pixels = pixels
        self.count = count
        self.b = b
        self.vectors = vectors
        self.c = c
        self.ldc = ldc
        self.start = start
        self.accumulate = accumulate
        self.ahead = ahead
    }
}
