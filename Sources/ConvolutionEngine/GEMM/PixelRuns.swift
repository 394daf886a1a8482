// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Pixels as tiles, and the taps through which a tile sees anything of the input: at the upper end of a padded image
/// nothing is above, and a third of a 3x3 kernel's products would be with zeros. Of 7x7 pixels that is a tenth of all.
struct PixelRuns: Sendable {
    /// Pixels and taps from one coordinate to the next, of the outermost dimension in which a kernel has several taps.
    private let pixelPitch, tapPitch: Int
    private let size, inputSize, taps: Int
    private let stride, dilation, padding: Int
    private let mostPixels: Int

    /// - Parameter mostPixels: of a tile
    init(_ g: ConvolutionGeometry, mostPixels: Int) {
        self.mostPixels = mostPixels
        let axis = (0..<3).first { g.kernel[$0] > 1 } ?? 2
        pixelPitch = (axis + 1..<3).reduce(1) { $0 * g.outputSize[$1] }
        tapPitch = (axis + 1..<3).reduce(1) { $0 * g.kernel[$1] }
        (size, inputSize, taps) = (g.outputSize[axis], g.inputSize[axis], g.kernel[axis])
        (stride, dilation, padding) = (g.stride[axis], g.dilation[axis], g.paddingBefore[axis])
    }

    /// The part of all pairs of an output and a tap that see something, as far as it can be passed over; 1 where
    /// outputs are too many for a look at each.
    var seenShare: Double {
        if size > 256 { return 1 }
        let seen = (0..<size).reduce(0) { $0 + seenTaps(ofCoordinate: $1).count }
        return Double(seen) / Double(size * taps)
    }

    /// Tiles of equal size or nearly so.
    ///
    /// - Parameter seesAll: zeros are to be multiplied too
    func tiles(_ pixels: Range<Int>, seesAll: Bool) -> [PixelRun] {
        Self.tiles(pixels.count, mostPixels: mostPixels).map { tile in
            let some = pixels.lowerBound + tile.lowerBound..<pixels.lowerBound + tile.upperBound
            return PixelRun(
                first: tile.lowerBound, count: tile.count,
                taps: seesAll ? 0..<taps * tapPitch : seen(some))
        }
    }

    /// So many pixels in as few tiles as there can be.
    static func tiles(_ count: Int, mostPixels: Int) -> [Range<Int>] {
        let tiles = (count + mostPixels - 1) / mostPixels
        return (0..<tiles).map { count * $0 / tiles..<count * ($0 + 1) / tiles }
    }

    /// From the first to the last tap through which any of the pixels sees something.
    private func seen(_ pixels: Range<Int>) -> Range<Int> {
        var first = taps, end = 0
        for row in pixels.lowerBound / pixelPitch...(pixels.upperBound - 1) / pixelPitch {
            let some = seenTaps(ofCoordinate: row % size)
            if some.isEmpty { continue }
            (first, end) = (min(first, some.lowerBound), max(end, some.upperBound))
        }
        return min(first, end) * tapPitch..<end * tapPitch
    }

    private func seenTaps(ofCoordinate output: Int) -> Range<Int> {
        StepRange.inside(
            inputSize, count: taps, stride: dilation, offset: output * stride - padding)
    }
}
