// SPDX-License-Identifier: Apache-2.0

/// The positions of all images, cut into chunks of a sum: rows of one depth, parts of a long row or, where
/// images are small, some images together. A function of the shapes and the tile.
struct FieldBands: Sendable {
    private let size: SpatialTriple
    private let images: Int
    private let width, height, imagesAtATime: Int

    /// Windows that are summed between two visits to C.
    struct Chunk: Sendable {
        let images: Range<Int>
        let z: Int
        let y, x: Range<Int>

        /// Products of a sum.
        var depth: Int { images.count * y.count * x.count }
    }

    /// - Parameters:
    ///   - size: positions of an image
    ///   - most: products between two visits to C; a quarter more where that saves cutting rows
    init(_ size: SpatialTriple, images: Int, most: Int) {
        (self.size, self.images) = (size, images)
        func even(_ count: Int, _ most: Int) -> Int {
            let parts = (count + max(1, most) - 1) / max(1, most)
            return (count + parts - 1) / parts
        }
        width = size.width <= most * 5 / 4 ? size.width : (even(size.width, most) + 7) / 8 * 8
        height = width < size.width ? 1 : even(size.height, most / width)
        let isWhole = width == size.width && height == size.height && size.depth == 1
        imagesAtATime = isWhole ? max(1, min(images, most / (width * height))) : 1
    }

    private var across: Int { (size.width + width - 1) / width }
    private var down: Int { (size.height + height - 1) / height }
    private var perImage: Int { size.depth * down * across }

    /// Chunks.
    var count: Int { (images + imagesAtATime - 1) / imagesAtATime * perImage }
    /// The largest chunk.
    var most: (images: Int, height: Int, width: Int) { (imagesAtATime, height, width) }
    /// Whether chunks have whole rows.
    var hasWholeRows: Bool { width == size.width }

    /// Image by image.
    subscript(index: Int) -> Chunk {
        let image = index / perImage * imagesAtATime, band = index % perImage
        let y = band / across % down * height, x = band % across * width
        return Chunk(
            images: image..<min(images, image + imagesAtATime), z: band / across / down,
            y: y..<min(size.height, y + height), x: x..<min(size.width, x + width))
    }
}
