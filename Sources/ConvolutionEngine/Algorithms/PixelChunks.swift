// SPDX-License-Identifier: Apache-2.0

/// The pixels of all images, cut into chunks of a sum: parts of an image or, where images are small, some
/// of them together. A function of the shapes and the tile.
struct PixelChunks: Sendable {
    private let pixels: Int
    private let images: Int
    private let pixelsAtATime: Int
    private let imagesAtATime: Int

    /// Neighbouring pixels of neighbouring images.
    struct Chunk {
        let pixels: Range<Int>
        let images: Range<Int>
    }

    /// - Parameters:
    ///   - most: the most products between two visits to C
    ///   - unit: pixels of a panel
    init(pixels: Int, images: Int, most: Int, unit: Int) {
        (self.pixels, self.images) = (pixels, images)
        let panels = max(1, (pixels + unit - 1) / unit)
        let parts = (panels + max(1, most / unit) - 1) / max(1, most / unit)
        pixelsAtATime = (panels + parts - 1) / parts * unit
        imagesAtATime = parts > 1 ? 1 : max(1, min(images, most / max(1, pixels)))
    }

    private var imageParts: Int { (images + imagesAtATime - 1) / imagesAtATime }
    private var pixelParts: Int { (pixels + pixelsAtATime - 1) / pixelsAtATime }

    /// Chunks.
    var count: Int { imageParts * pixelParts }
    /// The most pixels that a chunk has of an image.
    var mostPixels: Int { min(pixels, pixelsAtATime) }
    /// The most pixels that a chunk has of all images.
    var mostDepth: Int { imagesAtATime * mostPixels }

    /// Images first, so that what is known of the pixels is of use again.
    subscript(index: Int) -> Chunk {
        let pixel = index / imageParts * pixelsAtATime, image = index % imageParts * imagesAtATime
        return Chunk(
            pixels: pixel..<min(pixels, pixel + pixelsAtATime),
            images: image..<min(images, image + imagesAtATime))
    }
}
