// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Adding branches to a sum whose kernel is large enough for all of them.
extension WideConvolution {
    /// Adds a branch of a checked block.
    mutating func add(_ branch: Branch, kernel: [Int], _ affine: ChannelAffine?) {
        switch branch.kind {
        case .conv(let weight, let bias, _):
            var conv = WideConvolution(weight: weight, bias: bias, outputChannels: shape[0])
            if let affine {
                let inputs = shape[1]
                conv.normalise(affine) { row in row / inputs }
            }
            add(conv, extent: kernel)
        case .identity, .averagePool:
            addMean(kernel: kernel, affine)
        }
    }

    /// Adds another convolution, its kernels centred in this one's.
    ///
    /// - Parameter extent: what its kernels see, which is more than they have taps where they are dilated
    mutating func add(_ other: WideConvolution, extent: [Int]) {
        let places = centredPlaces(of: Array(other.shape.dropFirst(2)), extent: extent)
        let taps = self.taps
        for row in 0..<shape[0] * shape[1] {
            for (tap, place) in places.enumerated() {
                weight[row * taps + place] += other.weight[row * places.count + tap]
            }
        }
        for channel in bias.indices { bias[channel] += other.bias[channel] }
    }

    /// Adds the mean of each channel's window, which for a window of 1 is the identity:
    /// `W[o, o mod C/g, ·] = 1 / taps`.
    ///
    /// - Parameter divisor: what the sum is divided by in place of the taps
    mutating func addMean(kernel: [Int], divisor: Int? = nil, _ affine: ChannelAffine? = nil) {
        let places = centredPlaces(of: kernel, extent: kernel)
        let taps = self.taps
        for channel in 0..<shape[0] {
            let row = channel * shape[1] + channel % shape[1]
            let value = (affine?.scale[channel] ?? 1) / Double(divisor ?? places.count)
            for place in places { weight[row * taps + place] += value }
            guard let affine else { continue }
            bias[channel] += affine.shift[channel] - affine.mean[channel] * affine.scale[channel]
        }
    }

    /// Where the taps of a smaller kernel lie in one of this convolution's kernels, row-major.
    private func centredPlaces(of kernel: [Int], extent: [Int]) -> [Int] {
        kernel.indices.reduce([0]) { places, axis in
            let large = shape[2 + axis], taps = kernel[axis]
            let first = (large - extent[axis]) / 2
            let step = taps > 1 ? (extent[axis] - 1) / (taps - 1) : 1
            return places.flatMap { place in
                (0..<taps).map { place * large + first + step * $0 }
            }
        }
    }
}
