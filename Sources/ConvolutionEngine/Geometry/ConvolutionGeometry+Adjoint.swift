// SPDX-License-Identifier: Apache-2.0

extension ConvolutionGeometry {
    /// The operator that takes a gradient of the output to one of the input: transposed for a
    /// convolution, a convolution for a transposed one, with the same weight tensor and no bias.
    ///
    /// Its output is as large as this input by decree: input that no window saw has gradient 0, and
    /// where output padding is larger than a step, the windows behind the input are not computed.
    package var adjoint: ConvolutionGeometry {
        var adjoint = self
        adjoint.direction = direction == .forward ? .transposed : .forward
        adjoint.inputChannels = outputChannels
        adjoint.outputChannels = inputChannels
        adjoint.inputSize = outputSize
        adjoint.outputSize = inputSize
        adjoint.hasBias = false
        adjoint.outputPadding =
            direction == .forward
            ? SpatialTriple { (inputSize[$0] + padding($0) - kernelExtent[$0]) % stride[$0] }
            : SpatialTriple(repeating: 0)
        return adjoint
    }

    private func padding(_ dimension: Int) -> Int {
        paddingBefore[dimension] + paddingAfter[dimension]
    }
}
