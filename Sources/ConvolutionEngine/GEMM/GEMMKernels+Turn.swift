// SPDX-License-Identifier: Apache-2.0

import KernelInterface

extension GEMMKernels {
    /// Sums `[pixel][channel]` to outputs `[channel][pixel]`: squares are turned in registers, the last ones moved back
    /// over those before them.
    func turn(
        _ sums: UnsafePointer<Scalar>, pitch sumsPitch: Int, pixels: Int, channels: Int,
        to c: UnsafeMutablePointer<Scalar>, pitch: Int
    ) {
        let squares = pixels / mr * mr
        for (first, some) in [(0, squares), (pixels - mr, mr)]
        where some > 0 && first >= 0 && (first == 0 || squares < pixels) {
            var operands = WeightPanel(
                weights: sums + first * sumsPitch, rowStride: sumsPitch, rows: some,
                depth: channels, panel: c + first)
            operands.pitch = pitch
            packWeights(operands)
        }
        if pixels < mr {
            for channel in 0..<channels {
                for p in 0..<pixels { c[channel * pitch + p] = sums[p * sumsPitch + channel] }
            }
        }
    }
}
