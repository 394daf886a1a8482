// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization

/// The rows of FusionRefusalTests, by topic.
enum FusionRefusals {
    static let all = [statistics, layers, blocks, branches, probes].flatMap { $0 }

    static func ones(_ shape: Int...) -> Tensor {
        Tensor(shape: shape, [Double](repeating: 1, count: shape.reduce(1, *)))
    }

    static func narrow(_ shape: Int...) -> Tensor {
        Tensor(shape: shape, [Float](repeating: 1, count: shape.reduce(1, *)))
    }

    static func norm(
        weight: [Double]? = nil, bias: [Double]? = nil, mean: [Double]? = [0, 0],
        variance: [Double]? = [1, 1], eps: Double = 1e-5
    ) -> BatchNorm {
        BatchNorm(weight: weight, bias: bias, runningMean: mean, runningVar: variance, eps: eps)
    }

    static func fuse(
        _ weight: Tensor = ones(2, 3, 3), bias: Tensor? = nil, bn: BatchNorm = norm(),
        groups: Int = 1, transposed: Bool = false
    ) throws {
        _ = try Fusion.convBN(
            ConvBN(weight: weight, bias: bias, bn: bn, groups: groups, transposed: transposed))
    }

    static func add(_ kinds: Branch.Kind..., groups: Int = 1, stride: [Int] = []) throws {
        _ = try Fusion.repVGG(
            RepVGGBlock(branches: kinds.map { Branch($0) }, groups: groups, stride: stride))
    }

    static func conv(_ weight: Tensor, bias: Tensor? = nil) -> Branch.Kind {
        .conv(weight: weight, bias: bias)
    }

    static let statistics = [
        FusionRefusal(
            "no mean", "/bn/running_mean",
            """
            bn.running_mean is missing; a batch norm without running statistics depends on \
            each batch and cannot be fused: send running_mean and running_var
            """
        ) { try fuse(bn: norm(mean: nil)) },
        FusionRefusal(
            "no variance", "/bn/running_var",
            """
            bn.running_var is missing; a batch norm without running statistics depends on \
            each batch and cannot be fused: send running_mean and running_var
            """
        ) { try fuse(bn: norm(variance: nil)) },
        FusionRefusal(
            "length", "/bn/running_mean",
            """
            bn.running_mean has length 1; it must have 2, one element for each output \
            channel
            """
        ) { try fuse(bn: norm(mean: [0])) },
        FusionRefusal(
            "length of weight", "/bn/weight",
            """
            bn.weight has length 3; it must have 2, one element for each output channel; if \
            the weight is that of a transposed convolution, set transposed to true
            """
        ) { try fuse(bn: norm(weight: [1, 1, 1])) },
        FusionRefusal(
            "length of bias", "/bn/bias",
            """
            bn.bias has length 0; it must have 2, one element for each output channel
            """
        ) { try fuse(bn: norm(bias: [])) },
        FusionRefusal(
            "length of a transposed weight", "/bn/running_mean",
            """
            bn.running_mean has length 3; it must have 2, one element for each output \
            channel; if the weight is that of a transposed convolution, set transposed to \
            true
            """
        ) { try fuse(bn: norm(mean: [0, 0, 0], variance: [1, 1, 1])) },
        FusionRefusal(
            "NaN", "/bn/bias",
            """
            bn.bias[1] is nan; it must be a finite number
            """
        ) { try fuse(bn: norm(bias: [0, .nan])) },
        FusionRefusal(
            "infinite variance", "/bn/running_var",
            """
            bn.running_var[0] is inf; it must be a finite number
            """
        ) { try fuse(bn: norm(variance: [.infinity, 1])) },
        FusionRefusal(
            "negative variance", "/bn/running_var",
            """
            bn.running_var[1] is -0.5; a variance must be at least 0: send the variance, not \
            its logarithm or another tensor
            """
        ) { try fuse(bn: norm(variance: [1, -0.5])) },
        FusionRefusal(
            "eps + var = 0", "/bn/running_var",
            """
            bn.running_var[1] + eps is 0, whose root batch norm divides by; use the eps of \
            the model, which is 1e-5 by default
            """
        ) { try fuse(bn: norm(variance: [1, 0], eps: 0)) },
        FusionRefusal(
            "negative eps", "/bn/eps",
            """
            bn.eps is -1e-05; it must be a finite number of at least 0, and is 1e-5 where \
            PyTorch's default was used
            """
        ) { try fuse(bn: norm(eps: -1e-5)) },
        FusionRefusal(
            "NaN eps", "/bn/eps",
            """
            bn.eps is nan; it must be a finite number of at least 0, and is 1e-5 where \
            PyTorch's default was used
            """
        ) { try fuse(bn: norm(eps: .nan)) },
    ]

    static let layers = [
        FusionRefusal(
            "weight rank", "/weight",
            """
            weight shape is [2]; it must be [C_out, C_in/groups, *kernel] or, linear, [C_out, C_in], \
            with 1 to 3 kernel dimensions and no size 0
            """
        ) { try fuse(ones(2)) },
        FusionRefusal(
            "linear weight with groups", "/weight",
            """
            weight shape is [2, 3]; it must be [C_out, C_in/groups, *kernel] with 1 to 3 \
            kernel dimensions and no size 0
            """
        ) { try fuse(ones(2, 3), groups: 2) },
        FusionRefusal(
            "transposed weight rank", "/weight",
            """
            weight shape is [2, 3]; it must be [C_in, C_out/groups, *kernel] with 1 to 3 \
            kernel dimensions and no size 0
            """
        ) { try fuse(ones(2, 3), transposed: true) },
        FusionRefusal(
            "empty weight", "/weight",
            """
            weight shape is [2, 0, 3]; it must be [C_out, C_in/groups, *kernel] or, linear, [C_out, \
            C_in], with 1 to 3 kernel dimensions and no size 0
            """
        ) { try fuse(ones(2, 0, 3)) },
        FusionRefusal(
            "groups", "/groups",
            """
            groups is 3; it must be at least 1 and divide out_channels 2 (weight shape [2, \
            3, 3]): use a divisor of 2
            """
        ) { try fuse(groups: 3) },
        FusionRefusal(
            "no groups", "/groups",
            """
            groups is 0; it must be at least 1 and divide in_channels 3 (weight shape [3, 2, \
            3]): use a divisor of 3
            """
        ) { try fuse(ones(3, 2, 3), groups: 0, transposed: true) },
        FusionRefusal(
            "bias", "/bias",
            """
            bias shape is [3]; it must be [2], one element for each output channel of weight \
            shape [2, 3, 3]: send that, or no bias
            """
        ) { try fuse(bias: ones(3)) },
        FusionRefusal(
            "mixed dtypes", "/bias",
            """
            bias is float32 beside float64 weights; all tensors of a request must have one \
            dtype: send it as float64
            """
        ) { try fuse(bias: narrow(2)) },
        FusionRefusal(
            "not finite in float32", "/weight",
            """
            the fused weight is 9.999950000374996e+38 at [1, 0, 0], which is not finite in \
            float32; check the statistics that scale it, or send wider or smaller numbers
            """
        ) { try fuse(narrow(2, 3, 3), bn: norm(weight: [1, 1e39])) },
        FusionRefusal(
            "bias not finite", "/bias",
            """
            the fused bias is -inf at [0], which is not finite in float64; check the \
            statistics that scale it, or send wider or smaller numbers
            """
        ) { try fuse(bn: norm(weight: [1e200, 1], mean: [1e200, 0])) },
        FusionRefusal(
            "NaN weight", "/weight",
            """
            the fused weight is nan at [1, 0, 0], which is not finite in float64; check the \
            statistics that scale it, or send wider or smaller numbers
            """
        ) { try fuse(Tensor(shape: [2, 1, 1], [1, Double.nan])) },
    ]
}
