// SPDX-License-Identifier: Apache-2.0

/// All sizes of one `unfold` or `fold`: cannot be built wrong.
///
/// An image of `[N, C, *S]` is cut into blocks of the kernel's size; each block is a column of
/// `[N, C·Πk, L]`. Per spatial dimension, with `d(k − 1) + 1` the effective kernel:
///
///     blocks = ⌊(size + before + after − d(k − 1) − 1) / s⌋ + 1,    L = Π blocks
///
/// Rows of the columns run over channels, then kernel positions; columns over blocks; all of them
/// row-major. Formulas, legal shapes and order are those of `torch.nn.functional.unfold` and `fold`,
/// for 1 to 3 spatial dimensions and with a padding for each side, as ONNX's Col2Im has them.
public struct WindowGeometry: Sendable, Hashable {
    /// 1, 2 or 3.
    public let spatialRank: Int
    /// Whether the tensors have a batch dimension.
    public let isBatched: Bool
    /// N; 1 where there is no batch, and possibly 0 where there is.
    public let batch: Int
    /// C, at least 1.
    public let channels: Int
    /// Spatial size of the image.
    public let size: SpatialTriple
    /// Blocks in each dimension, at least 1.
    public let blocks: SpatialTriple
    /// Elements of a block in each dimension.
    public let kernel: SpatialTriple
    /// Steps from block to block.
    public let stride: SpatialTriple
    /// Distance between the elements of a block.
    public let dilation: SpatialTriple
    /// Padding in front of each dimension.
    public let paddingBefore: SpatialTriple
    /// Padding behind each dimension.
    public let paddingAfter: SpatialTriple

    /// The geometry of `unfold`.
    ///
    /// - Parameters:
    ///   - image: `[N, C, *S]` or `[C, *S]`; N may be 0. A kernel size that is a list tells how many
    ///     spatial dimensions there are; else the longest list of the others does; else there are 2.
    ///   - options: Kernel size, stride, dilation and padding, unchecked.
    /// - Throws: ``ConvolutionError`` for the first rule that is broken.
    public init(unfolding image: [Int], options: WindowOptions) throws(ConvolutionError) {
        let request = try WindowRequest(.unfold, input: image, outputSize: nil, options)
        let isBatched = try request.checkedImage()
        let axes = try request.checkedAxes(sizes: image.suffix(request.spatialRank))
        self.init(
            axes, isBatched: isBatched, batch: isBatched ? image[0] : 1,
            channels: image[isBatched ? 1 : 0])
        try request.checkColumns(self)
    }

    /// The geometry of `fold`.
    ///
    /// - Parameters:
    ///   - columns: `[N, C·Πk, L]` or `[C·Πk, L]`; N may be 0.
    ///   - outputSize: The spatial size of the image. A list tells how many spatial dimensions there
    ///     are; else a kernel size that is one does, and so on as for `unfold`.
    ///   - options: Kernel size, stride, dilation and padding, unchecked.
    /// - Throws: ``ConvolutionError`` for the first rule that is broken.
    public init(
        folding columns: [Int], outputSize: WindowOptions.Amount, options: WindowOptions
    ) throws(ConvolutionError) {
        let request = try WindowRequest(.fold, input: columns, outputSize: outputSize, options)
        let isBatched = try request.checkedColumns()
        let axes = try request.checkedAxes(sizes: request.checkedOutputSize())
        let rows = columns[columns.count - 2]
        self.init(
            axes, isBatched: isBatched, batch: isBatched ? columns[0] : 1,
            channels: try request.checkedChannels(axes, rows: rows))
        try request.checkImage(self)
    }

    private init(_ axes: [Axis], isBatched: Bool, batch: Int, channels: Int) {
        spatialRank = axes.count
        self.isBatched = isBatched
        self.batch = batch
        self.channels = channels
        size = SpatialTriple(axes, neutral: 1) { $0.input }
        blocks = SpatialTriple(axes, neutral: 1) { $0.forwardOutput }
        kernel = SpatialTriple(axes, neutral: 1) { $0.kernel }
        stride = SpatialTriple(axes, neutral: 1) { $0.stride }
        dilation = SpatialTriple(axes, neutral: 1) { $0.dilation }
        paddingBefore = SpatialTriple(axes, neutral: 0) { $0.before }
        paddingAfter = SpatialTriple(axes, neutral: 0) { $0.after }
    }
}

extension WindowGeometry {
    /// `[N, C, *S]` or `[C, *S]`: what is unfolded, what folding gives.
    public var imageShape: [Int] {
        (isBatched ? [batch] : []) + [channels] + size.last(spatialRank)
    }

    /// `[N, C·Πk, L]` or `[C·Πk, L]`: what unfolding gives, what is folded.
    public var columnsShape: [Int] {
        (isBatched ? [batch] : []) + [channels * kernel.count, blocks.count]
    }

    /// Elements of the image.
    public var imageCount: Int { batch * channels * size.count }

    /// Elements of the columns.
    public var columnsCount: Int { batch * channels * kernel.count * blocks.count }
}
