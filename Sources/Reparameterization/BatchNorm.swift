// SPDX-License-Identifier: Apache-2.0

/// A batch normalisation in inference: `y = (x − mean) · weight / √(var + eps) + bias`, by channel.
public struct BatchNorm: Sendable, Equatable {
    /// γ; nil for one without affine parameters, which is 1.
    public let weight: [Double]?
    /// β; nil is 0.
    public let bias: [Double]?
    /// μ; nil (statistics not tracked) cannot be fused.
    public let runningMean: [Double]?
    /// σ²; nil (statistics not tracked) cannot be fused.
    public let runningVar: [Double]?
    /// Added to the variance. No checkpoint stores it: 1e-5 is PyTorch's default, 1e-3 TensorFlow's.
    public let eps: Double

    /// The parameters as they were sent; fusing checks them.
    public init(
        weight: [Double]? = nil, bias: [Double]? = nil, runningMean: [Double]?,
        runningVar: [Double]?, eps: Double = 1e-5
    ) {
        self.weight = weight
        self.bias = bias
        self.runningMean = runningMean
        self.runningVar = runningVar
        self.eps = eps
    }
}

/// A checked batch normalisation: `y = (x − mean) · scale + shift`, by channel.
package struct ChannelAffine: Sendable {
    let mean: [Double]
    let scale: [Double]
    let shift: [Double]
}

extension BatchNorm {
    /// The checked form for so many channels; `path` is where this stands in the request.
    ///
    /// `hint` is added to a wrong length.
    func affine(
        channels: Int, at path: [String], of kind: String = "output",
        hint: (Int) -> String = { _ in "" }
    ) throws(FusionError) -> ChannelAffine {
        let fields = Fields(path: path, channels: channels, kind: kind)
        let mean = try fields.checkedStatistic("running_mean", runningMean, hint)
        let variance = try fields.checkedStatistic("running_var", runningVar, hint)
        let weight = try fields.checked("weight", self.weight, hint)
        let bias = try fields.checked("bias", self.bias, hint)
        try fields.checkVariance(variance, eps: eps)
        return ChannelAffine(
            mean: mean,
            scale: variance.indices.map { (weight?[$0] ?? 1) / (variance[$0] + eps).squareRoot() },
            shift: bias ?? Array(repeating: 0, count: channels))
    }

    /// Checks of one field after another, with the words for what is wrong.
    private struct Fields {
        let path: [String]
        let channels: Int
        let kind: String

        func checkedStatistic(
            _ name: String, _ values: [Double]?, _ hint: (Int) -> String
        ) throws(FusionError) -> [Double] {
            guard let values = try checked(name, values, hint) else {
                throw FusionError(
                    path: path + [name],
                    reason:
                        "bn.\(name) is missing; a batch norm without running statistics depends "
                        + "on each batch and cannot be fused: send running_mean and running_var")
            }
            return values
        }

        func checked(
            _ name: String, _ values: [Double]?, _ hint: (Int) -> String
        ) throws(FusionError) -> [Double]? {
            guard let values else { return nil }
            guard values.count == channels else {
                throw FusionError(
                    path: path + [name],
                    reason: "bn.\(name) has length \(values.count); it must have \(channels), "
                        + "one element for each \(kind) channel" + hint(values.count))
            }
            if let index = values.firstIndex(where: { !$0.isFinite }) {
                throw FusionError(
                    path: path + [name],
                    reason: "bn.\(name)[\(index)] is \(values[index]); it must be a finite number")
            }
            return values
        }

        func checkVariance(_ variance: [Double], eps: Double) throws(FusionError) {
            guard eps >= 0, eps.isFinite else {
                throw FusionError(
                    path: path + ["eps"],
                    reason: "bn.eps is \(eps); it must be a finite number of at least 0, "
                        + "and is 1e-5 where PyTorch's default was used")
            }
            for (index, value) in variance.enumerated() {
                try check(value, index, eps)
            }
        }

        private func check(_ value: Double, _ index: Int, _ eps: Double) throws(FusionError) {
            guard value >= 0 else {
                throw FusionError(
                    path: path + ["running_var"],
                    reason: "bn.running_var[\(index)] is \(value); a variance must be at least 0: "
                        + "send the variance, not its logarithm or another tensor")
            }
            guard value + eps > 0 else {
                throw FusionError(
                    path: path + ["running_var"],
                    reason:
                        "bn.running_var[\(index)] + eps is 0, whose root batch norm divides by; "
                        + "use the eps of the model, which is 1e-5 by default")
            }
        }
    }
}
