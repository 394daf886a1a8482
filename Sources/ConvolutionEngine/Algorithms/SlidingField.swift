// SPDX-License-Identifier: Apache-2.0

/// How much of the padded input ``SlidingWindow`` holds at a time, by numbers alone.
struct SlidingField {
    /// Rows of outputs for about 64 KB of padded elements.
    let fittingRows: Int
    /// Whether padded rows are no larger than a worker's memory should be.
    let isModest: Bool

    init(_ g: ConvolutionGeometry) {
        // What one row of outputs looks at, in one row of all channels and depths.
        let columns = g.outputSize.width * g.stride.width + g.kernelExtent.width
        let planes = Double(max(1, g.inputChannelsPerGroup)) * Double(g.kernel.depth)
        let row = Double(columns) * planes
        fittingRows = max(1, Int(16_384 / max(1, row * Double(g.stride.height))))
        let elements = row * Double(2 * g.kernel.height + 2)
        isModest = g.kernel.count <= 1 << 20 && elements <= Double(PlaneLayout.mostElements) / 2
    }
}
