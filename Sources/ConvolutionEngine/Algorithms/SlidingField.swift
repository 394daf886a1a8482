// SPDX-License-Identifier: Apache-2.0

/// How much of the padded input ``SlidingWindow`` holds at a time, by numbers alone.
struct SlidingField {
    /// Padded elements that one row of outputs looks at in one row of one input channel.
    let rowElements: Int
    /// The same in all rows, depths and channels.
    let elements: Double
    private let taps: Int

    init(_ geometry: ConvolutionGeometry) {
        let g = geometry
        rowElements = g.outputSize.width * g.stride.width + g.kernelExtent.width
        let rows = Double(g.kernel.depth) * Double(2 * g.kernel.height + 2)
        elements = rows * Double(rowElements) * Double(max(1, g.inputChannelsPerGroup))
        taps = g.kernel.count
    }

    /// Rows of outputs for about 64 KB of padded elements.
    func fittingRows(_ geometry: ConvolutionGeometry) -> Int {
        let channels = Double(max(1, geometry.inputChannelsPerGroup))
        let depths = Double(geometry.kernel.depth)
        let each = Double(rowElements) * channels * depths * Double(geometry.stride.height)
        return max(1, Int(16_384 / max(1, each)))
    }

    /// Whether padded rows are no larger than a worker's memory should be.
    var isModest: Bool { taps <= 1 << 20 && elements <= Double(PlaneLayout.mostElements) / 2 }
}
