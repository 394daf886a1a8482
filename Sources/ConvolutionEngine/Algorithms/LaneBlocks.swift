// SPDX-License-Identifier: Apache-2.0

/// How ``DirectConvolution`` cuts a depthwise geometry into bands of as many channels as a vector has lanes:
/// numbers alone.
struct LaneBlocks: Sendable {
    /// Channels that are taken together, and blocks of them in an image.
    let lanes, channelBlocks: Int
    /// Output rows of a band, and bands of a plane.
    let rows, bands: Int
    /// Rows of the input that a band looks at, and pixels of one of them with its padding.
    let windowRows, pitch: Int

    /// nil where rows of single channels are no slower, or where a channel is not a plane with a kernel of its
    /// own.
    ///
    /// - Parameters:
    ///   - threads: cores that are to be kept busy; they change where a band ends, but no sum
    init?(_ g: ConvolutionGeometry, lanes: Int, threads: Int, elementByteCount: Int) {
        guard
            g.inputChannelsPerGroup == 1, g.outputChannelsPerGroup == 1, g.groups >= lanes,
            g.kernel.depth == 1, g.inputSize.depth == 1, g.outputSize.depth == 1,
            g.kernel.count > 1, g.kernel.count <= 256, g.paddingBefore.width >= 0,
            Self.isFaster(g, lanes)
        else { return nil }
        self.lanes = lanes
        channelBlocks = (g.groups + lanes - 1) / lanes
        let width = g.outputSize.width, height = g.outputSize.height, stride = g.stride.height
        pitch = max(
            g.paddingBefore.width + g.inputSize.width,
            (width - 1) * g.stride.width + g.kernelExtent.width)
        // What fits into L2, half a MiB of vectors as wide as AVX-512's: smaller bands turn more rows twice, which
        // costs more than L1 gives (3x3, stride 2, 96 channels at 112x112: 0.17 ms, with an eighth of it 0.24).
        let extent = g.kernelExtent.height
        let fitting = 8192 * 4 / (pitch * elementByteCount)
        guard fitting >= 2 * extent || fitting >= (height - 1) * stride + extent else {
            return nil
        }
        let most = (fitting - extent) / stride + 1
        let share = (4 * threads - 1) / max(1, g.batch * channelBlocks) + 1
        let wanted = min(
            height, most, threads > 1 ? max(extent, (height + share - 1) / share) : height)
        let count = (height + wanted - 1) / wanted
        rows = (height + count - 1) / count
        bands = (height + rows - 1) / rows
        windowRows = (rows - 1) * stride + extent
    }

    /// Turning pixels into lanes costs as much as some multiply-adds; rows waste lanes where they end, and need
    /// copies where windows are not neighbours. Measured with 3x3, 5x5 and 7x7 kernels over maps of 7x7 ...
    /// 112x112, on each instruction set.
    private static func isFaster(_ g: ConvolutionGeometry, _ lanes: Int) -> Bool {
        if g.stride.width > 1 || g.stride.height > 1 { return true }
        let width = g.outputSize.width
        if lanes <= 4 && width <= 8 { return false }
        if width <= max(16, 3 * lanes / 2) { return true }
        let wasted = (lanes - width % lanes) % lanes
        // AVX-512 has a vector serve all taps of a row.
        let most = lanes == 16 && g.kernel.width == 7 && g.dilation.width == 1 ? 4 : 3
        return g.kernel.count >= 25 && lanes <= 8 && width <= 4 * lanes
            || g.kernel.count >= 49 && width <= most * lanes && wasted >= lanes / 4
    }
}
