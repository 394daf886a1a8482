// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// float16 and bfloat16 layers are verified in float32, nothing being rounded on the way, so that the
/// difference is what fusing made of the weights.
extension ConvBN {
    package func widened() -> ConvBN {
        ConvBN(
            weight: weight.widened(), bias: bias?.widened(), bn: bn, groups: groups,
            transposed: transposed)
    }
}

extension RepVGGBlock {
    package func widened() -> RepVGGBlock {
        RepVGGBlock(branches: branches.map { $0.widened() }, groups: groups, stride: stride)
    }
}

extension Branch {
    func widened() -> Branch {
        guard case .conv(let weight, let bias, let dilation) = kind else { return self }
        return Branch(
            .conv(weight: weight.widened(), bias: bias?.widened(), dilation: dilation), bn: bn)
    }
}

extension FusedConvolution {
    func widened() -> FusedConvolution {
        FusedConvolution(
            weight: weight.widened(), bias: bias.widened(), paddingValue: paddingValue?.widened(),
            placement: placement)
    }
}
