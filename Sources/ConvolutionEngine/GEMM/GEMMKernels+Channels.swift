// SPDX-License-Identifier: Apache-2.0

import KernelInterface

extension GEMMKernels {
    /// Some output channels' weights to rows of them, `[step][channel]`; those behind the last of `m` are zeros.
    ///
    /// - Parameters:
    ///   - pitch: from one output channel's weights to the next one's
    ///   - depth: steps
    func packChannels(
        _ weights: UnsafePointer<Scalar>, pitch: Int, m: Int, _ depth: Int,
        _ outputs: Range<Int>, to rows: UnsafeMutablePointer<Scalar>
    ) {
        let count = min(m, outputs.upperBound) - outputs.lowerBound, width = outputs.count
        let first = weights + outputs.lowerBound * pitch, squares = count / mr * mr
        var operands = WeightPanel(
            weights: first, rowStride: pitch, rows: squares, depth: depth, panel: rows)
        operands.pitch = width
        if squares > 0 { packWeights(operands) }
        for channel in squares..<width {
            for i in 0..<depth {
                rows[i * width + channel] = channel < count ? first[channel * pitch + i] : 0
            }
        }
    }
}
