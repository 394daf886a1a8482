// SPDX-License-Identifier: Apache-2.0

/// One tile: `c[r·ldc + j] <- start + Σ_k a[k·mr + r] · b[k·nr + j]`, r < mr, j < vectors·lanes.
///
/// The sum runs over k in ascending order with one rounding a step where the instruction set fuses.
/// Assumptions: `a`, `b` and `c` may be read and written in whole vectors; `bias` has `mr` values.
public struct TileOperands<Scalar>: @unchecked Sendable {
    /// Length of the sum: `kc` of the block.
    public var depth: Int
    /// A panel of A: `[depth][mr]`.
    public var a: UnsafePointer<Scalar>
    /// A panel of B: `[depth][nr]`.
    public var b: UnsafePointer<Scalar>
    /// The tile's first element of C.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    public var ldc: Int
    /// Vectors of the tile that are computed and stored: 1 ... nr / lanes.
    public var vectors: Int
    /// The sum starts at these values, one a row; nil: at zero.
    public var bias: UnsafePointer<Scalar>?
    /// Adds to what C holds (`bias` is then nil); false: overwrites it.
    public var accumulate: Bool

    /// All of it.
    public init(
        depth: Int, a: UnsafePointer<Scalar>, b: UnsafePointer<Scalar>,
        c: UnsafeMutablePointer<Scalar>, ldc: Int, vectors: Int,
        bias: UnsafePointer<Scalar>?, accumulate: Bool
    ) {
        self.depth = depth
        self.a = a
        self.b = b
        self.c = c
        self.ldc = ldc
        self.vectors = vectors
        self.bias = bias
        self.accumulate = accumulate
    }
}

/// One tile without packed columns: `c[r·ldc + j] <- start + Σ_k a[k·rows + r] · b[offsets[k] + j]`.
///
/// Assumptions as for ``TileOperands``; `rows` is `mr` or 1. With one row `vectors` may be any
/// number; with `mr` rows at most nr / lanes.
public struct SlideOperands<Scalar>: @unchecked Sendable {
    /// Rows of the tile: `mr` or 1.
    public var rows: Int
    /// Length of the sum.
    public var depth: Int
    /// Weights `[depth][rows]`.
    public var a: UnsafePointer<Scalar>
    /// Where the windows are.
    public var b: UnsafePointer<Scalar>
    /// Row k of B is at `b + offsets[k]`.
    public var offsets: UnsafePointer<Int32>
    /// The tile's first element of C.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    public var ldc: Int
    /// Vectors that are computed and stored.
    public var vectors: Int
    /// The sum starts at these values, one a row; nil: at zero.
    public var bias: UnsafePointer<Scalar>?
    /// Adds to what C holds (`bias` is then nil); false: overwrites it.
    public var accumulate: Bool

    /// All of it.
    public init(
        rows: Int, depth: Int, a: UnsafePointer<Scalar>, b: UnsafePointer<Scalar>,
        offsets: UnsafePointer<Int32>, c: UnsafeMutablePointer<Scalar>, ldc: Int, vectors: Int,
        bias: UnsafePointer<Scalar>?, accumulate: Bool
    ) {
        self.rows = rows
        self.depth = depth
        self.a = a
        self.b = b
        self.offsets = offsets
        self.c = c
        self.ldc = ldc
        self.vectors = vectors
        self.bias = bias
        self.accumulate = accumulate
    }
}

/// `panel[k·mr + r] <- weights[r·rowStride + k]` for k < depth; rows from `rows` on become zeros.
///
/// Assumption: whole squares of `mr` x `mr` weights are read only where all rows and columns exist.
public struct WeightPanel<Scalar>: @unchecked Sendable {
    /// The panel's first row of weights.
    public var weights: UnsafePointer<Scalar>
    /// Elements from one output channel's weights to the next's.
    public var rowStride: Int
    /// Rows that exist: 1 ... mr.
    public var rows: Int
    /// Weights in a row.
    public var depth: Int
    /// `[depth][mr]`.
    public var panel: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        weights: UnsafePointer<Scalar>, rowStride: Int, rows: Int, depth: Int,
        panel: UnsafeMutablePointer<Scalar>
    ) {
        self.weights = weights
        self.rowStride = rowStride
        self.rows = rows
        self.depth = depth
        self.panel = panel
    }
}
