// SPDX-License-Identifier: Apache-2.0

/// The inner loops of convolution for one scalar and one instruction set.
///
/// Letters are the literature's: a tile is `mr` x `nr` elements of C in registers; A is the weights,
/// packed in panels of `mr` rows; B is columns of the input, packed in panels of `nr` columns.
/// Counts, strides and offsets are in elements. No kernel checks anything. One object per scalar and
/// instruction set, so that plans share it instead of copying its functions.
public final class GEMMKernels<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
    /// Scalars in a vector.
    public let lanes: Int
    /// Rows of a tile.
    public let mr: Int
    /// Columns of a tile: a multiple of ``lanes``.
    public let nr: Int
    /// C <- A·B (+ C or bias) for one tile.
    public let multiply: @Sendable (TileOperands<Scalar>) -> Void
    /// Rows of B where they lie into a panel, and the first tile's products of it.
    public let multiplyRows: @Sendable (TileOperands<Scalar>, ColumnRows<Scalar>) -> Void
    /// Rows of B where they lie into a panel.
    public let gatherRows: @Sendable (ColumnRows<Scalar>) -> Void
    /// C <- A·b for one column.
    public let multiplyColumn: @Sendable (ColumnOperands<Scalar>) -> Void
    /// C <- A·B for `mr` rows or for one, with B's rows wherever the offsets point.
    public let slide: @Sendable (SlideOperands<Scalar>) -> Void
    /// The same for `mr` rows of every other output, which go out among those that are there already.
    public let slideZipped: @Sendable (ZippedOperands<Scalar>) -> Void
    /// C <- A·B (+ C) for tiles whose rows of A are windows of a field.
    public let sumWindows: @Sendable (WindowOperands<Scalar>) -> Void
    /// Products with output channels in the lanes.
    public let pixels: PixelKernels<Scalar>
    /// Weights into a panel of A.
    public let packWeights: @Sendable (WeightPanel<Scalar>) -> Void
    /// The same into a panel of B, which has `nr` in the place of `mr`.
    public let packRows: @Sendable (WeightPanel<Scalar>) -> Void
    /// Weights of a transposed convolution into panels of A, one for each stride phase.
    public let packTapWeights: @Sendable (TapWeights<Scalar>) -> Void
    /// Rows of the input into padded rows, split by stride phase.
    public let fillRows: @Sendable (PaddedRows<Scalar>) -> Void
    /// Rows of the input split by stride phase.
    public let splitPhases: @Sendable (RowPhases<Scalar>) -> Void
    /// One channel's padded rows into the rows of B's panels.
    public let packTaps: @Sendable (TapColumns<Scalar>) -> Void
    /// Sums of the products of rows with windows.
    public let correlate: @Sendable (RowWindows<Scalar>) -> Void
    /// Stride phases back into one row.
    public let interleave: @Sendable (PhaseRows<Scalar>) -> Void
    /// The same for pieces of a plane, whose places and counts take the place of the operands'.
    public let interleavePieces:
        @Sendable (PhaseRows<Scalar>, UnsafeBufferPointer<PhasePiece>) -> Void
    /// What Winograd's minimal filtering needs besides.
    public let winograd: WinogradKernels<Scalar>
    /// Rounds of multiply-adds on registers alone; returns the floating-point operations done.
    public let peak: @Sendable (Int) -> Int
    /// Those of direct convolution.
    public let rows: RowKernels<Scalar>
    /// Convolution in the frequency domain.
    public let fourier: FourierKernels<Scalar>

    /// A set of kernels; `nr` must be a multiple of `lanes`.
    public init(
        lanes: Int, mr: Int, nr: Int,
        multiply: @escaping @Sendable (TileOperands<Scalar>) -> Void,
        multiplyRows: @escaping @Sendable (TileOperands<Scalar>, ColumnRows<Scalar>) -> Void,
        gatherRows: @escaping @Sendable (ColumnRows<Scalar>) -> Void,
        multiplyColumn: @escaping @Sendable (ColumnOperands<Scalar>) -> Void,
        slide: @escaping @Sendable (SlideOperands<Scalar>) -> Void,
        slideZipped: @escaping @Sendable (ZippedOperands<Scalar>) -> Void,
        sumWindows: @escaping @Sendable (WindowOperands<Scalar>) -> Void,
        pixels: PixelKernels<Scalar>,
        packWeights: @escaping @Sendable (WeightPanel<Scalar>) -> Void,
        packRows: @escaping @Sendable (WeightPanel<Scalar>) -> Void,
        packTapWeights: @escaping @Sendable (TapWeights<Scalar>) -> Void,
        fillRows: @escaping @Sendable (PaddedRows<Scalar>) -> Void,
        splitPhases: @escaping @Sendable (RowPhases<Scalar>) -> Void,
        packTaps: @escaping @Sendable (TapColumns<Scalar>) -> Void,
        correlate: @escaping @Sendable (RowWindows<Scalar>) -> Void,
        interleave: @escaping @Sendable (PhaseRows<Scalar>) -> Void,
        interleavePieces:
            @escaping @Sendable (PhaseRows<Scalar>, UnsafeBufferPointer<PhasePiece>) -> Void,
        winograd: WinogradKernels<Scalar>,
        peak: @escaping @Sendable (Int) -> Int, rows: RowKernels<Scalar>,
        fourier: FourierKernels<Scalar>
    ) {
        self.lanes = lanes
        self.mr = mr
        self.nr = nr
        self.multiply = multiply
        self.multiplyRows = multiplyRows
        self.gatherRows = gatherRows
        self.multiplyColumn = multiplyColumn
        self.slide = slide
        self.slideZipped = slideZipped
        self.sumWindows = sumWindows
        self.pixels = pixels
        self.packWeights = packWeights
        self.packRows = packRows
        self.packTapWeights = packTapWeights
        self.fillRows = fillRows
        self.splitPhases = splitPhases
        self.packTaps = packTaps
        self.correlate = correlate
        self.interleave = interleave
        self.interleavePieces = interleavePieces
        self.winograd = winograd
        self.peak = peak
        self.rows = rows
        self.fourier = fourier
    }
}
