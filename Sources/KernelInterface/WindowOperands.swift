// SPDX-License-Identifier: Apache-2.0

/// Tiles of `mr` rows, below each other, of the products of windows with a panel of rows:
///
///     C[q, j] <- Σ_i Σ_y Σ_x field[i·imagePitch + y·rowPitch + x·step + offsets[q]] · b[(i, y, x)·nr + j]  (+ C)
///
/// for i < images, y < height, x < width and the columns j of `vectors`; the sum runs in that order, one
/// rounding a step where the instruction set fuses.
///
/// Assumption: `offsets` go on for a tile behind the last one, whose windows are asked for but not used.
public struct WindowOperands<Scalar>: @unchecked Sendable {
    /// Tiles.
    public var count: Int
    /// The first window of offset 0.
    public var field: UnsafePointer<Scalar>
    /// Where the windows of each row of C begin; `mr` a tile.
    public var offsets: UnsafePointer<Int32>
    /// Images.
    public var images: Int
    /// Elements from one image to the next.
    public var imagePitch: Int
    /// Rows of windows in an image.
    public var height: Int
    /// Elements from one row of windows to the next.
    public var rowPitch: Int
    /// Windows in a row.
    public var width: Int
    /// Elements from one window to the next.
    public var step: Int
    /// A panel of B, `[images · height · width][nr]`.
    public var b: UnsafePointer<Scalar>
    /// The first element of C.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    public var ldc: Int
    /// Vectors of a tile that are computed and stored, all of their lanes: 1 ... nr / lanes.
    public var vectors: Int
    /// Adds to what C holds; false: overwrites it.
    public var accumulate: Bool

    /// All of it.
    public init(
        count: Int, field: UnsafePointer<Scalar>, offsets: UnsafePointer<Int32>, images: Int,
        imagePitch: Int, height: Int, rowPitch: Int, width: Int, step: Int,
        b: UnsafePointer<Scalar>, c: UnsafeMutablePointer<Scalar>, ldc: Int, vectors: Int,
        accumulate: Bool
    ) {
        self.count = count
        self.field = field
        self.offsets = offsets
        self.images = images
        self.imagePitch = imagePitch
        self.height = height
        self.rowPitch = rowPitch
        self.width = width
        self.step = step
        self.b = b
        self.c = c
        self.ldc = ldc
        self.vectors = vectors
        self.accumulate = accumulate
    }
}
