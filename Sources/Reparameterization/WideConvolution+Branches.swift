// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Adding branches to a sum whose kernel is large enough for all of them.
extension WideConvolution {
    /// Adds a branch of a checked block.
    mutating func add(_ branch: Branch, kernel: [Int], _ affine: ChannelAffine?) {
        switch branch.kind {
        case .conv(let weight, let bias):
            var conv = WideConvolution(weight: weight, bias: bias, outputChannels: shape[0])
            if let affine {
                let inputs = shape[1]
                conv.normalise(affine) { row in row / inputs }
            }
            add(conv)
        case .identity, .averagePool:
            addMean(kernel: kernel, affine)
        }
    }

    /// Adds another convolution, its kernels centred in this one's.
    private mutating func add(_ other: WideConvolution) {
        let places = centredPlaces(of: Array(other.shape.dropFirst(2)))
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
    private mutating func addMean(kernel: [Int], _ affine: ChannelAffine?) {
        let places = centredPlaces(of: kernel)
        let taps = self.taps
        for channel in 0..<shape[0] {
            let row = channel * shape[1] + channel % shape[1]
            let value = (affine?.scale[channel] ?? 1) / Double(places.count)
            for place in places { weight[row * taps + place] += value }
            guard let affine else { continue }
            bias[channel] += affine.shift[channel] - affine.mean[channel] * affine.scale[channel]
        }
    }

    /// Where the taps of a smaller kernel lie in one of this convolution's kernels, row-major.
    private func centredPlaces(of kernel: [Int]) -> [Int] {
        zip(shape.dropFirst(2), kernel).reduce([0]) { places, sizes in
            let (large, small) = sizes
            return places.flatMap { place in
                (0..<small).map { place * large + (large - small) / 2 + $0 }
            }
        }
    }
}
