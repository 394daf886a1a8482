// SPDX-License-Identifier: Apache-2.0

extension ConvolutionGeometry {
    /// The convolution that a transposed one of stride 1 is: its kernel turned round (``Tensor/turned(_:)``),
    /// its channels exchanged, and zeros around the input for what the kernel reaches beyond it. Nil with
    /// another stride, or where the padding cuts off more than that.
    ///
    ///     out[o] = Σ_k w[k] · in[o + p − k·d] = Σ_j w[K − 1 − j] · in[o + j·d − (d(K − 1) − p)]
    package var turned: ConvolutionGeometry? {
        guard direction == .transposed, stride == SpatialTriple(repeating: 1) else { return nil }
        var turned = self
        turned.direction = .forward
        turned.outputPadding = SpatialTriple(repeating: 0)
        let reach = SpatialTriple { kernelExtent[$0] - 1 }
        turned.paddingBefore = SpatialTriple { reach[$0] - paddingBefore[$0] }
        turned.paddingAfter = SpatialTriple {
            outputSize[$0] + paddingBefore[$0] - inputSize[$0]
        }
        let fits = (0..<3).allSatisfy {
            turned.paddingBefore[$0] >= 0 && turned.paddingAfter[$0] >= 0
        }
        return fits ? turned : nil
    }

    /// Whether there is anything around the input.
    var hasPadding: Bool {
        let none = SpatialTriple(repeating: 0)
        return paddingBefore != none || paddingAfter != none
    }
}
