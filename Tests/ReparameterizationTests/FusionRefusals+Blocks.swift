// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

/// Blocks, their branches, and what they are verified with.
extension FusionRefusals {
    static let blocks = [
        FusionRefusal(
            "no branches", "/branches",
            """
            branches has 0 elements, none a conv; one must be, since its weight tells \
            channels, dimensions and dtype: write an identity or avg_pool as a conv with the \
            weight it stands for
            """
        ) { _ = try Fusion.repVGG(RepVGGBlock(branches: [])) },
        FusionRefusal(
            "no convolution", "/branches",
            """
            branches has 2 elements, none a conv; one must be, since its weight tells \
            channels, dimensions and dtype: write an identity or avg_pool as a conv with the \
            weight it stands for
            """
        ) { try add(.identity, .averagePool(kernelSize: [3])) },
        FusionRefusal(
            "many branches", "/branches",
            """
            branches has 65 elements; at most 64 are fused at once: fuse them in parts
            """
        ) {
            _ = try Fusion.repVGG(
                RepVGGBlock(branches: Array(repeating: Branch(.identity), count: 65)))
        },
        FusionRefusal(
            "huge kernel", "/branches",
            """
            the fused weight would have shape [2, 2, 1099511627777, 1099511627777], more \
            than 134217728 elements; use smaller kernels
            """
        ) { try add(conv(ones(2, 2, 1, 1)), .averagePool(kernelSize: [1 << 40 | 1])) },
        FusionRefusal(
            "groups of a block", "/groups",
            """
            groups is 2; it must be at least 1 and divide out_channels 3 (weight shape [3, \
            2, 3]): use a divisor of 3
            """
        ) { try add(conv(ones(3, 2, 3)), groups: 2) },
        FusionRefusal(
            "stride 0", "/stride",
            """
            stride is [0]; it must be one number, of at least 1
            """
        ) { try add(conv(ones(2, 2, 3)), stride: [0]) },
        FusionRefusal(
            "two strides of one", "/stride",
            """
            stride is [1, 1]; it must be one number, of at least 1
            """
        ) { try add(conv(ones(2, 2, 3)), stride: [1, 1]) },
    ]

    static let branches = [
        FusionRefusal(
            "a branch's weight", "/branches/1/weight",
            """
            weight shape is [2, 2]; it must be [C_out, C_in/groups, *kernel] with 1 to 3 \
            kernel dimensions and no size 0
            """
        ) { try add(.identity, conv(ones(2, 2))) },
        FusionRefusal(
            "a branch's bias", "/branches/0/bias",
            """
            bias shape is [2, 1]; it must be [2], one element for each output channel of \
            weight shape [2, 2, 3]: send that, or no bias
            """
        ) { try add(conv(ones(2, 2, 3), bias: ones(2, 1))) },
        FusionRefusal(
            "output channels", "/branches/1/weight",
            """
            weight shape is [3, 2, 1], and that of the first conv branch is [2, 2, 3]; \
            branches are added, so all must have its first two dimensions, [2, 2], and as \
            many kernel dimensions
            """
        ) { try add(conv(ones(2, 2, 3)), conv(ones(3, 2, 1))) },
        FusionRefusal(
            "dimensions", "/branches/1/weight",
            """
            weight shape is [2, 2, 1, 1], and that of the first conv branch is [2, 2, 3]; \
            branches are added, so all must have its first two dimensions, [2, 2], and as \
            many kernel dimensions
            """
        ) { try add(conv(ones(2, 2, 3)), conv(ones(2, 2, 1, 1))) },
        FusionRefusal(
            "dtypes", "/branches/1/weight",
            """
            weight is float32 beside float64 weights; all tensors of a request must have one \
            dtype: send it as float64
            """
        ) { try add(conv(ones(2, 2, 3)), conv(narrow(2, 2, 1))) },
        FusionRefusal(
            "identity and channels", "/branches/1/kind",
            """
            kind is identity, which gives as many channels as it gets, and the first conv \
            branch makes 4 of 2 (weight shape [4, 2, 3], groups 1); leave this branch out
            """
        ) { try add(conv(ones(4, 2, 3)), .identity) },
        FusionRefusal(
            "identity and stride", "/branches/1/kind",
            """
            kind is identity, which keeps every position, and stride is 2; it must be 1: \
            leave this branch out, or use stride 1
            """
        ) { try add(conv(ones(2, 2, 3)), .identity, stride: [2]) },
        FusionRefusal(
            "pool and channels", "/branches/1/kind",
            """
            kind is avg_pool, which gives as many channels as it gets, and the first conv \
            branch makes 4 of 2 (weight shape [4, 2, 3], groups 1); leave this branch out
            """
        ) { try add(conv(ones(4, 2, 3)), .averagePool(kernelSize: [3])) },
        FusionRefusal(
            "pool of nothing", "/branches/1/kernel_size",
            """
            kernel_size is [0]; it must be one number, of at least 1
            """
        ) { try add(conv(ones(2, 2, 3)), .averagePool(kernelSize: [0])) },
        FusionRefusal(
            "pool of two sizes", "/branches/1/kernel_size",
            """
            kernel_size is [3, 3]; it must be one number, of at least 1
            """
        ) { try add(conv(ones(2, 2, 3)), .averagePool(kernelSize: [3, 3])) },
        FusionRefusal(
            "even kernel", "/branches/1/weight",
            """
            a kernel of [2] has no centred place in the largest, [3]; the sizes must differ \
            by an even number: add a row of zeros on the side you mean
            """
        ) { try add(conv(ones(2, 2, 3)), conv(ones(2, 2, 2))) },
        FusionRefusal(
            "even pool", "/branches/1/kernel_size",
            """
            a kernel of [2] has no centred place in the largest, [3]; the sizes must differ \
            by an even number: add a row of zeros on the side you mean
            """
        ) { try add(conv(ones(2, 2, 3)), .averagePool(kernelSize: [2])) },
        FusionRefusal(
            "identity in an even kernel", "/branches/1/kind",
            """
            a kernel of [1] has no centred place in the largest, [4]; the sizes must differ \
            by an even number: add a row of zeros on the side you mean
            """
        ) { try add(conv(ones(2, 2, 4)), .identity) },
        FusionRefusal(
            "a branch's batch norm", "/branches/1/bn/running_var",
            """
            bn.running_var[1] is -1.0; a variance must be at least 0: send the variance, not \
            its logarithm or another tensor
            """
        ) {
            _ = try Fusion.repVGG(
                RepVGGBlock(branches: [
                    Branch(conv(ones(2, 2, 3))), Branch(.identity, bn: norm(variance: [1, -1])),
                ]))
        },
    ]

    static let probes = [
        FusionRefusal(
            "probe dtype", "/input",
            """
            input is float32 beside float64 weights; all tensors of a request must have one \
            dtype: send it as float64
            """
        ) { try verify(.given(narrow(1, 2, 5))) },
        FusionRefusal(
            "probe channels", "/input",
            """
            input shape is [1, 3, 5]; it must be [N, 2, *size] or [2, *size] with 1 spatial \
            dimension of at least 1
            """
        ) { try verify(.given(ones(1, 3, 5))) },
        FusionRefusal(
            "probe rank", "/input",
            """
            input shape is [2]; it must be [N, 2, *size] or [2, *size] with 1 spatial \
            dimension of at least 1
            """
        ) { try verify(.given(ones(2))) },
        FusionRefusal(
            "probe sizes", "/input_size",
            """
            input_size is [4, 4]; it must be one number, of at least 1
            """
        ) { try verify(.noise(size: [4, 4], seed: 0)) },
        FusionRefusal(
            "empty probe", "/input_size",
            """
            input_size is [0]; it must be one number, of at least 1
            """
        ) { try verify(.noise(size: [0], seed: 0)) },
        FusionRefusal(
            "huge probe", "/input_size",
            """
            input_size is [9223372036854775807], which with 2 channels is more than 67108864 \
            elements, the most noise to verify with; use a smaller one
            """
        ) { try verify(.noise(size: [Int.max], seed: 0)) },
        FusionRefusal(
            "huge stride", "/stride",
            """
            stride is 9223372036854775807; it must be at most 1099511627776 (2^40), the \
            largest size of anything here: use a smaller one
            """
        ) { try verify(.standard, stride: Int.max) },
    ]

    static func verify(_ probe: ProbeInput, stride: Int = 1) throws {
        let block = RepVGGBlock(branches: [Branch(conv(ones(2, 2, 3)))], stride: [stride])
        _ = try Verification.run(block, fused: Fusion.repVGG(block), probe: probe)
    }
}
