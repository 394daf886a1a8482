// SPDX-License-Identifier: Apache-2.0

/// The working memory of depthwise bands (``LaneBlocks``):
///
///     offsets | pixels           of taps and outputs, for all cores
///     turned | field | sums | spans      for each core
struct LaneScratch<Scalar: TensorScalar>: @unchecked Sendable {
    /// Offset of each tap in the field.
    let offsets: UnsafeMutablePointer<Int>
    /// Offset of each output's first tap.
    let pixels: UnsafeMutablePointer<Int>
    /// Weights with a channel in each lane.
    let turned: UnsafeMutablePointer<Scalar>
    /// The input with a channel in each lane.
    let field: UnsafeMutablePointer<Scalar>
    /// The outputs with a channel in each lane.
    let sums: UnsafeMutablePointer<Scalar>
    /// The rows of taps of each row of outputs.
    let spans: UnsafeMutablePointer<Range<Int>>
    private let sizes: Sizes

    /// Elements of each part.
    private struct Sizes {
        let offsets, pixels, turned, field, sums, spans: Int
        /// Outputs of a band, up to a whole number of tiles.
        let pixelCount: Int
        var worker: Int { turned + field + sums + spans }

        init(_ direct: DirectConvolution<Scalar>, _ blocks: LaneBlocks) {
            func elements(_ byteCount: Int) -> Int {
                (byteCount + 63) / 64 * 64 / MemoryLayout<Scalar>.stride
            }
            func vectors(_ count: Int) -> Int { (count * blocks.lanes + 15) / 16 * 16 }
            let tile = direct.kernels.rows.pixels
            pixelCount =
                (blocks.rows * direct.geometry.outputSize.width + tile - 1) / tile * tile
            offsets = elements(8 * direct.k)
            pixels = elements(8 * pixelCount)
            turned = vectors(direct.k + 8)
            field = vectors(blocks.windowRows * blocks.pitch + 8)
            sums = vectors(pixelCount + 8)
            spans = elements(blocks.rows * MemoryLayout<Range<Int>>.stride)
        }
    }

    /// Bytes for all cores.
    static func byteCount(_ direct: DirectConvolution<Scalar>, _ blocks: LaneBlocks) -> Int {
        let sizes = Sizes(direct, blocks)
        return (sizes.offsets + sizes.pixels + direct.threads * sizes.worker)
            * MemoryLayout<Scalar>.stride
    }

    /// The memory of the first core.
    init(
        _ direct: DirectConvolution<Scalar>, _ blocks: LaneBlocks,
        _ memory: UnsafeMutablePointer<Scalar>
    ) {
        let sizes = Sizes(direct, blocks)
        let tables = UnsafeMutableRawPointer(memory)
        offsets = tables.assumingMemoryBound(to: Int.self)
        pixels = UnsafeMutableRawPointer(memory + sizes.offsets).assumingMemoryBound(to: Int.self)
        turned = memory + sizes.offsets + sizes.pixels
        field = turned + sizes.turned
        sums = field + sizes.field
        spans = Self.spans(behind: sums + sizes.sums)
        self.sizes = sizes
    }

    private static func spans(
        behind end: UnsafeMutablePointer<Scalar>
    ) -> UnsafeMutablePointer<Range<Int>> {
        UnsafeMutableRawPointer(end).assumingMemoryBound(to: Range<Int>.self)
    }

    private init(_ first: LaneScratch, _ worker: Int) {
        (offsets, pixels, sizes) = (first.offsets, first.pixels, first.sizes)
        turned = first.turned + worker * sizes.worker
        field = turned + sizes.turned
        sums = field + sizes.field
        spans = Self.spans(behind: sums + sizes.sums)
    }

    /// The memory of another core.
    func worker(_ worker: Int) -> LaneScratch { LaneScratch(self, worker) }

    /// The same for every band.
    func fillOffsets(_ g: ConvolutionGeometry, _ blocks: LaneBlocks) {
        let width = g.outputSize.width
        for i in 0..<g.kernel.height {
            for j in 0..<g.kernel.width {
                offsets[i * g.kernel.width + j] =
                    (i * g.dilation.height * blocks.pitch + j * g.dilation.width) * blocks.lanes
            }
        }
        for y in 0..<blocks.rows {
            for x in 0..<width {
                pixels[y * width + x] =
                    (y * g.stride.height * blocks.pitch + x * g.stride.width) * blocks.lanes
            }
        }
        for p in blocks.rows * width..<sizes.pixelCount { pixels[p] = 0 }
    }
}
