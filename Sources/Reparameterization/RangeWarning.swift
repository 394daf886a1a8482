// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What about a fused convolution types of 16 or 8 bits would suffer from.
///
/// A batch norm keeps the ranges of its channels alike while the network is trained; once it is part of the weights, these
/// have the ranges of γ/√(σ² + ε). Float32 does not mind; float16 ends at 65504, and int8 with one scale for a tensor
/// gives small channels the few steps that the largest leaves them (RepVGG, README, "Quantization").
package enum RangeWarning {
    /// Of one fused convolution.
    package static let mostCount = 4
    /// Of one warning; nothing in them has to be escaped in JSON.
    package static let mostCharacters = 240

    /// A channel whose variance is below this part of ε hardly varied in training.
    static let deadVariance = 1e-3
    /// A scale that no healthy channel has; ε = 1e-5 alone allows 316.
    static let largestScale = 1000.0
    /// Largest channel to median channel: six of eight bits for the median one, and two more than before.
    static let widestSpread = 4.0
    /// How much wider than before.
    static let spreadGrowth = 4.0
    static let largestFloat16 = 65504.0

    static func about(_ bn: BatchNorm) -> [String] {
        guard let variance = bn.runningVar, bn.eps > 0 else { return [] }
        let scales = variance.indices.map {
            abs(bn.weight?[$0] ?? 1) / (variance[$0] + bn.eps).squareRoot()
        }
        var warnings: [String] = []
        let dead = variance.indices.filter {
            variance[$0] < deadVariance * bn.eps && (bn.weight?[$0] ?? 1) != 0
        }
        if let first = dead.first {
            warnings.append(
                "\(dead.count) of \(variance.count) channels have a variance below eps/1000 (first: "
                    + "channel \(first)); they hardly varied in training, and are scaled by up to "
                    + "\(short(dead.map { scales[$0] }.max()!)) by eps alone")
        }
        if let most = scales.max(), most > largestScale {
            warnings.append(
                "a batch norm scales channel \(scales.firstIndex(of: most)!) by \(short(most)); float16 "
                    + "and int8 lose what is beside it")
        }
        return warnings
    }

    /// - Parameter before: the largest magnitude of each output channel, of the layers and of what they became; empty
    ///   where these cannot be compared
    static func about(
        _ fused: FusedConvolution, ranges before: [Double], _ after: [Double]
    ) -> [String] {
        var warnings: [String] = []
        let weights = after.max() ?? fused.weight.ranges(channels: 1) { _ in 0 }[0]
        let reach = max(weights, fused.bias.ranges(channels: 1) { _ in 0 }[0])
        if reach > largestFloat16 {
            warnings.append(
                "the fused weights or bias reach \(short(reach)), and float16 holds 65504 at most")
        }
        let (old, new) = (spread(before), spread(after))
        if new > widestSpread, new > spreadGrowth * old {
            warnings.append(
                "the largest channel of the fused weight is \(short(new)) times the median one, "
                    + "\(short(old)) times before; int8 with one scale for the tensor would suffer, one for "
                    + "each output channel would not")
        }
        return warnings
    }

    /// Largest to median.
    private static func spread(_ ranges: [Double]) -> Double {
        let ordered = ranges.filter { $0 > 0 }.sorted()
        guard let largest = ordered.last else { return 1 }
        return largest / ordered[ordered.count / 2]
    }

    /// Three digits.
    private static func short(_ value: Double) -> String {
        guard value >= 1000 else { return "\((value * 10).rounded() / 10)" }
        var power = 0.0, rest = value
        while rest >= 10 { (rest, power) = (rest / 10, power + 1) }
        return "\((rest * 10).rounded() / 10)e\(Int(power))"
    }

    /// As many as are told, each cut to its length.
    static func limited(_ warnings: [String]) -> [String] {
        warnings.prefix(mostCount).map { String($0.prefix(mostCharacters)) }
    }
}

extension Tensor {
    /// The largest magnitude of each output channel; `channel` is that of a row, which is one kernel.
    func ranges(channels: Int, _ channel: (_ row: Int) -> Int) -> [Double] {
        switch dtype {
        case .float32: ranges(channels, channel, of: Float.self)
        case .float64: ranges(channels, channel, of: Double.self)
        case .float16, .bfloat16: widened().ranges(channels, channel, of: Float.self)
        }
    }

    private func ranges<Scalar: TensorScalar>(
        _ channels: Int, _ channel: (_ row: Int) -> Int, of _: Scalar.Type
    ) -> [Double] {
        let taps = shape.dropFirst(2).reduce(1, *)
        var ranges = [Double](repeating: 0, count: channels)
        withElements(of: Scalar.self) { elements in
            for row in 0..<(taps == 0 ? 0 : count / taps) {
                var largest = Scalar.zero
                for value in elements[row * taps..<(row + 1) * taps] {
                    largest = max(largest, value.magnitude)
                }
                let output = channel(row)
                ranges[output] = max(ranges[output], Double(largest))
            }
        }
        return ranges
    }
}

extension ConvBN {
    package var batchNorms: [BatchNorm] { [bn] }

    package func warnings(_ fused: FusedConvolution) -> [String] {
        func ranges(_ weight: Tensor) -> [Double] {
            weight.ranges(channels: outputChannels, outputChannel(row:))
        }
        return RangeWarning.limited(
            RangeWarning.about(bn)
                + RangeWarning.about(fused, ranges: ranges(weight), ranges(fused.weight)))
    }
}

extension RepVGGBlock {
    package var batchNorms: [BatchNorm] { branches.compactMap(\.bn) }

    package func warnings(_ fused: FusedConvolution) -> [String] {
        let norms = batchNorms.flatMap(RangeWarning.about)
        // The widest of the kernels, which is most of what the sum is made of.
        let weights = branches.compactMap { branch in
            if case .conv(let weight, _, _) = branch.kind { weight } else { nil }
        }
        guard let widest = weights.max(by: { $0.count < $1.count }) else { return [] }
        let inputs = widest.shape[1]
        func ranges(_ weight: Tensor) -> [Double] {
            weight.ranges(channels: weight.shape[0]) { row in row / inputs }
        }
        return RangeWarning.limited(
            norms + RangeWarning.about(fused, ranges: ranges(widest), ranges(fused.weight)))
    }
}

extension FusedConvolution {
    /// The same in a narrower dtype, each number rounded once; refuses what is not finite there.
    package func rounded(to dtype: DType) throws(FusionError) -> FusedConvolution {
        let wide = WideConvolution(weight: weight, bias: bias, outputChannels: bias.count)
        return try wide.rounded(to: dtype)
    }
}
