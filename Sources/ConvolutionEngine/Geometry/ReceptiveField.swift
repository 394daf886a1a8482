// SPDX-License-Identifier: Apache-2.0

/// What one element behind a chain of layers sees of the chain's input, in each spatial dimension.
///
/// After a convolution with extent `e = d(k − 1) + 1`, stride s and padding p in front:
///
///     field + (e − 1)·jump,   jump·s,   start + ((e − 1)/2 − p)·jump
///
/// after a transposed one, whose elements see every s-th tap:
///
///     field + ⌊(e − 1)/s⌋·jump,   jump/s,   start + (p − (e − 1)/2)·jump/s
///
/// See Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (2019).
public struct ReceptiveField: Sendable, Equatable {
    /// Elements of the input from the first to the last that one element may see.
    public private(set) var size: [Double]
    /// Elements of the input from one element's centre to the next one's.
    public private(set) var jump: [Double]
    /// Where the first element's centre is, the middle of the input's first element being 0.5.
    public private(set) var start: [Double]

    /// Of the input itself.
    public init(spatialRank: Int) {
        size = Array(repeating: 1, count: spatialRank)
        jump = size
        start = Array(repeating: 0.5, count: spatialRank)
    }

    /// What it is behind a layer.
    public mutating func pass(_ layer: ConvolutionGeometry) {
        let first = 3 - layer.spatialRank
        for i in size.indices {
            let reach = Double(layer.kernelExtent[first + i] - 1)
            let before = Double(layer.paddingBefore[first + i])
            let stride = Double(layer.stride[first + i])
            switch layer.direction {
            case .forward:
                size[i] += reach * jump[i]
                start[i] += (reach / 2 - before) * jump[i]
                jump[i] *= stride
            case .transposed:
                size[i] += (reach / stride).rounded(.down) * jump[i]
                jump[i] /= stride
                start[i] += (before - reach / 2) * jump[i]
            }
        }
    }
}
