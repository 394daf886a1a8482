// SPDX-License-Identifier: Apache-2.0

/// A run of a grid's pixels as bands of rows: what a packer copies, computed once a block.
struct PixelBlock {
    /// Neighbouring rows of one depth, all of the same columns.
    struct Band {
        var z: Int
        var y: Range<Int>
        var x: Range<Int>

        /// Its rows as bands.
        var split: [Band] { y.map { Band(z: z, y: $0..<$0 + 1, x: x) } }
    }

    private(set) var bands: [Band] = []
    /// Pieces of rows in the order of the pixels.
    private(set) var rows: [Piece] = []

    /// A piece of a row.
    typealias Piece = (z: Int, y: Int, x: Range<Int>)

    /// Bands to fill, with no pixels to copy.
    init(bands: [Band]) { self.bands = bands }

    /// - Parameters:
    ///   - pixels: a range of the row-major index of `size`
    ///   - oneRowBands: every row is a band of its own, which covers only the columns it needs
    init(_ pixels: Range<Int>, of size: SpatialTriple, oneRowBands: Bool) {
        let width = size.width
        var first = pixels.lowerBound
        while first < pixels.upperBound {
            let row = first / width, x = first % width
            let count = min(width - x, pixels.upperBound - first)
            let z = row / size.height, y = row % size.height
            rows.append((z, y, x..<x + count))
            if !oneRowBands, let last = bands.last, last.z == z {
                bands[bands.count - 1].y = last.y.lowerBound..<y + 1
            } else {
                bands.append(Band(z: z, y: y..<y + 1, x: oneRowBands ? x..<x + count : 0..<width))
            }
            first += count
        }
    }
}
