// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Whether the tensors of one layer fit together.
enum LayerChecks {
    static func checkWeight(
        _ weight: Tensor, at path: [String], transposed: Bool = false
    ) throws(FusionError) {
        let shape = weight.shape
        guard (3...5).contains(shape.count), !shape.contains(0) else {
            let layout =
                transposed ? "[C_in, C_out/groups, *kernel]" : "[C_out, C_in/groups, *kernel]"
            throw FusionError(
                path: path,
                reason:
                    "weight shape is \(Spelling.list(shape)); it must be \(layout) with 1 to 3 kernel "
                    + "dimensions and no size 0")
        }
    }

    static func checkGroups(
        _ groups: Int, _ weight: Tensor, transposed: Bool = false
    ) throws(FusionError) {
        let channels = weight.shape[0]
        guard groups >= 1, channels % groups == 0 else {
            let name = transposed ? "in_channels" : "out_channels"
            throw FusionError(
                path: ["groups"],
                reason: "groups is \(groups); it must be at least 1 and divide \(name) \(channels) "
                    + "(weight shape \(weight.shape)): use a divisor of \(channels)")
        }
    }

    static func checkBias(
        _ bias: Tensor?, of weight: Tensor, outputChannels: Int, at path: [String]
    ) throws(FusionError) {
        guard let bias else { return }
        guard bias.shape == [outputChannels] else {
            throw FusionError(
                path: path,
                reason:
                    "bias shape is \(Spelling.list(bias.shape)); it must be [\(outputChannels)], one element "
                    + "for each output channel of weight shape \(weight.shape): send that, or no bias"
            )
        }
        try checkDType(bias, "bias", as: weight.dtype, at: path)
    }

    static func checkDType(
        _ tensor: Tensor, _ name: String, as dtype: DType, at path: [String]
    ) throws(FusionError) {
        guard tensor.dtype == dtype else {
            throw FusionError(
                path: path,
                reason: "\(name) is \(tensor.dtype.rawValue) beside \(dtype.rawValue) weights; "
                    + "all tensors of a request must have one dtype: send it as \(dtype.rawValue)")
        }
    }
}
