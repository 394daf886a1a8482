// SPDX-License-Identifier: Apache-2.0

/// Tiles below each other: `c[r·ldc + j] <- start + Σ_k a[k·mr + r] · b[k·nr + j]`, r < mr, j < vectors·lanes,
/// with the next panel of A and the next mr rows of C for each.
///
/// The sum runs over k in ascending order with one rounding a step where the instruction set fuses. With
/// `lda` a[r·lda + k] takes the place of a[k·mr + r].
/// Assumptions: `a`, `b` and `c` may be read in whole vectors, and `c` written but for ``tail``; `bias` has `mr`
/// values a tile.
public struct TileOperands<Scalar>: @unchecked Sendable {
    /// Tiles.
    public var count: Int
    /// Length of the sum: `kc` of the block.
    public var depth: Int
    /// Panels of A: `[depth][mr]` each, or rows of A where they lie.
    public var a: UnsafePointer<Scalar>
    /// 0 for a panel of A; for rows of A the elements from one to the next.
    public var lda: Int
    /// A panel of B: `[depth][nr]`.
    public var b: UnsafePointer<Scalar>
    /// The first tile's first element of C.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    public var ldc: Int
    /// Vectors of a tile that are computed and stored: 1 ... nr / lanes.
    public var vectors: Int
    /// Lanes of the last vector that are stored; 0: all.
    public var tail = 0
    /// The sum starts at these values, one a row; nil: at zero.
    public var bias: UnsafePointer<Scalar>?
    /// Adds to what C holds (`bias` is then nil); false: overwrites it.
    public var accumulate: Bool
    /// Rows of which the next panel will be made, to be asked for meanwhile: as many as ``depth``; nil: none.
    public var ahead: UnsafePointer<ColumnSource<Scalar>>?
    /// The next panel's first column in them.
    public var aheadColumn = 0

    /// All of it.
    public init(
        count: Int = 1, depth: Int, a: UnsafePointer<Scalar>, lda: Int = 0,
        b: UnsafePointer<Scalar>,
        c: UnsafeMutablePointer<Scalar>, ldc: Int, vectors: Int,
        bias: UnsafePointer<Scalar>?, accumulate: Bool
    ) {
        self.count = count
        self.depth = depth
        self.a = a
        self.lda = lda
        self.b = b
        self.c = c
        self.ldc = ldc
        self.vectors = vectors
        self.bias = bias
        self.accumulate = accumulate
    }

    /// All tiles but the first, of `mr` rows; A is packed.
    @inlinable public mutating func next(rows mr: Int) {
        count -= 1
        a += mr * depth
        c += mr * ldc
        bias = bias.map { $0 + mr }
    }
}

/// One column: `c[r·ldc] <- (start[r] or c[r·ldc]) + Σ_k a[k·mr + r] · b[k·step]` for r < rows, with the next panel
/// of A for each mr rows; with `lda` a[r·lda + k] takes the place of a[k·mr + r]. Both have the same bits.
///
/// Assumptions: whole vectors of `a` may be read; `work` has room for `mr·(depth + lanes)`.
public struct ColumnOperands<Scalar>: @unchecked Sendable {
    /// Rows.
    public var rows: Int
    /// Length of the sum.
    public var depth: Int
    /// Panels of A, one after the other, or rows of A where they lie.
    public var a: UnsafePointer<Scalar>
    /// 0 for panels of A; for rows of A the elements from one to the next.
    public var lda: Int
    /// The column.
    public var b: UnsafePointer<Scalar>
    /// Elements from one of its elements to the next.
    public var step: Int
    /// The first row of C.
    public var c: UnsafeMutablePointer<Scalar>
    /// Elements from one row of C to the next.
    public var ldc: Int
    /// What the sums are added to, one a row; nil: to C.
    public var start: UnsafePointer<Scalar>?
    /// Memory for the column.
    public var work: UnsafeMutablePointer<Scalar>

    /// All of it.
    public init(
        rows: Int, depth: Int, a: UnsafePointer<Scalar>, lda: Int, b: UnsafePointer<Scalar>,
        step: Int, c: UnsafeMutablePointer<Scalar>, ldc: Int, start: UnsafePointer<Scalar>?,
        work: UnsafeMutablePointer<Scalar>
    ) {
        self.rows = rows
        self.depth = depth
        self.a = a
        self.lda = lda
        self.b = b
        self.step = step
        self.c = c
        self.ldc = ldc
        self.start = start
        self.work = work
    }
}

/// Tiles below each other without packed columns: `c[r·ldc + j] <- start + Σ_k a[k·rows + r] · b[offsets[k] + j]`, with
/// the next panel of A and the next rows of C for each.
///
/// Assumptions as for ``TileOperands``; `rows` is `mr` or 1. With one row `vectors` may be any
/// number; with `mr` rows at most nr / lanes.
public struct SlideOperands<Scalar>: @unchecked Sendable {
    /// Rows of the tile: `mr` or 1.
    public var rows: Int
    /// Tiles.
    public var count: Int
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
        rows: Int, count: Int = 1, depth: Int, a: UnsafePointer<Scalar>, b: UnsafePointer<Scalar>,
        offsets: UnsafePointer<Int32>, c: UnsafeMutablePointer<Scalar>, ldc: Int, vectors: Int,
        bias: UnsafePointer<Scalar>?, accumulate: Bool
    ) {
        self.rows = rows
        self.count = count
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

/// `panel[k·mr + r] <- weights[r·rowStride + k]` for k < depth. Rows from `rows` on become zeros in
/// squares that have a row, and anything in the others. With a `pitch` it takes the place of mr, and rows are whole
/// squares.
///
/// Assumption: whole squares of `mr` x `mr` weights are read only where all rows and columns exist.
public struct WeightPanel<Scalar>: @unchecked Sendable {
    /// The panel's first row of weights.
    public var weights: UnsafePointer<Scalar>
    /// Elements from one output channel's weights to the next's.
    public var rowStride: Int
    /// Rows that exist: 1 ... mr, of a panel of B 1 ... nr.
    public var rows: Int
    /// Weights in a row.
    public var depth: Int
    /// `[depth][mr]`.
    public var panel: UnsafeMutablePointer<Scalar>
    /// Elements from one k to the next; nil: as many as a panel has rows.
    public var pitch: Int?

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

/// `panels[places[t] + c·steps[t] + r] <- weights[c·channelStride + r·taps + t]` for c < channels, r < mr,
/// t < taps; rows from `rows` on become zeros.
///
/// Rows may be those of several panels, whole ones, that are `panelPitch` apart.
///
/// Assumptions: a vector may be read past the last weight; `places` and `steps` have mr elements at least,
/// those from `taps` on being copies of the first. `places` is advanced past the last channel.
public struct TapWeights<Scalar>: @unchecked Sendable {
    /// The first channel's weights for the panel's first row.
    public var weights: UnsafePointer<Scalar>
    /// Elements from one input channel's weights to the next's.
    public var channelStride: Int
    /// Input channels.
    public var channels: Int
    /// Rows that exist: 1 ... mr, or a multiple of mr.
    public var rows: Int
    /// Weights of one row and channel.
    public var taps: Int
    /// What ``places`` are relative to.
    public var panels: UnsafeMutablePointer<Scalar>
    /// Where the weights of each tap go, for the next channel.
    public var places: UnsafeMutablePointer<Int>
    /// Elements from one channel's place to the next's.
    public var steps: UnsafePointer<Int>
    /// Elements from one panel to the next.
    public var panelPitch = 0

    /// All of it.
    public init(
        weights: UnsafePointer<Scalar>, channelStride: Int, channels: Int, rows: Int, taps: Int,
        panels: UnsafeMutablePointer<Scalar>, places: UnsafeMutablePointer<Int>,
        steps: UnsafePointer<Int>
    ) {
        self.weights = weights
        self.channelStride = channelStride
        self.channels = channels
        self.rows = rows
        self.taps = taps
        self.panels = panels
        self.places = places
        self.steps = steps
    }
}

/// `sums[t] += Σ_y Σ_x rows[y·rowPitch + x] · windows[y·windowPitch + offsets[t] + x]` for y < height,
/// x < width and every tap t.
///
/// The sum of a tap runs in as many parts as a vector has lanes, row after row, and the parts are added at
/// the end. Assumption: whole vectors may be read past each row and window; what they hold there has no
/// part in the sums.
public struct RowWindows<Scalar>: @unchecked Sendable {
    /// The first row.
    public var rows: UnsafePointer<Scalar>
    /// Elements from one row to the next.
    public var rowPitch: Int
    /// The first row's windows.
    public var windows: UnsafePointer<Scalar>
    /// Elements from one row's windows to the next one's.
    public var windowPitch: Int
    /// Rows.
    public var height: Int
    /// Elements of a row.
    public var width: Int
    /// Where each tap's window is.
    public var offsets: UnsafeBufferPointer<Int32>
    /// As many sums as taps.
    public var sums: UnsafeMutablePointer<Double>

    /// All of it.
    public init(
        rows: UnsafePointer<Scalar>, rowPitch: Int, windows: UnsafePointer<Scalar>,
        windowPitch: Int, height: Int, width: Int, offsets: UnsafeBufferPointer<Int32>,
        sums: UnsafeMutablePointer<Double>
    ) {
        self.rows = rows
        self.rowPitch = rowPitch
        self.windows = windows
        self.windowPitch = windowPitch
        self.height = height
        self.width = width
        self.offsets = offsets
        self.sums = sums
    }
}
