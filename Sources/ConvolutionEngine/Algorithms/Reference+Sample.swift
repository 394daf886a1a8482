// SPDX-License-Identifier: Apache-2.0

/// Some elements of the output by the definition, so that a layer of any size can be judged.
extension Reference {
    /// `out[n, o, p]` of ``run(_:input:weight:bias:)`` without bias, for each index of the output.
    static func elements<Scalar: TensorScalar>(
        _ g: ConvolutionGeometry, at indices: [Int], input: UnsafeBufferPointer<Scalar>,
        weight: UnsafeBufferPointer<Scalar>
    ) -> [Double] {
        indices.map { index in
            let plane = index / g.outputSize.count
            let o = plane % g.outputChannels, n = plane / g.outputChannels
            let first = o / g.outputChannelsPerGroup * g.inputChannelsPerGroup
            var sum = 0.0
            for k in 0..<g.kernel.count {
                guard let seen = inputPixel(g, of: index % g.outputSize.count, tap: k) else {
                    continue
                }
                for c in 0..<g.inputChannelsPerGroup {
                    let from = (n * g.inputChannels + first + c) * g.inputSize.count
                    sum +=
                        Double(weight[weightIndex(g, o, c, first + c, k)])
                        * Double(input[from + seen])
                }
            }
            return sum
        }
    }

    /// The pixel of the input that a tap takes to a pixel of the output; nil where that is padding, or
    /// where a transposed convolution steps over it.
    private static func inputPixel(_ g: ConvolutionGeometry, of pixel: Int, tap: Int) -> Int? {
        let outputs = coordinates(pixel, g.outputSize), taps = coordinates(tap, g.kernel)
        var seen = 0
        for d in 0..<3 {
            var at: Int
            if g.direction == .forward {
                at = outputs[d] * g.stride[d] + taps[d] * g.dilation[d] - g.paddingBefore[d]
            } else {
                at = outputs[d] + g.paddingBefore[d] - taps[d] * g.dilation[d]
                if at % g.stride[d] != 0 { return nil }
                at /= g.stride[d]
            }
            if at < 0 || at >= g.inputSize[d] { return nil }
            seen = seen * g.inputSize[d] + at
        }
        return seen
    }

    private static func coordinates(_ index: Int, _ size: SpatialTriple) -> SpatialTriple {
        SpatialTriple(
            depth: index / size.width / size.height, height: index / size.width % size.height,
            width: index % size.width)
    }
}
