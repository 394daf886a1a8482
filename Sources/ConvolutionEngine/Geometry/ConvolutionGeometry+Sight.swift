// SPDX-License-Identifier: Apache-2.0

extension ConvolutionGeometry {
    /// Whether a tap of any output of a convolution is on the input. Where none is, because strides and dilations
    /// step over it, all outputs are the bias.
    var looksAtInput: Bool {
        (0..<3).allSatisfy { dimension in
            (0..<kernel[dimension]).contains { tap in
                !StepRange.inside(
                    inputSize[dimension], count: outputSize[dimension], stride: stride[dimension],
                    offset: tap * dilation[dimension] - paddingBefore[dimension]
                ).isEmpty
            }
        }
    }
}
