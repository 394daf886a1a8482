// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The weight and bias of a convolution in `Double`, on their way from layers to one.
///
/// *Error*: everything before ``rounded(to:)`` is done in double precision and rounded once to the
/// dtype of the request (float16 and bfloat16 directly, not by way of float32), so a result is the
/// correctly rounded one but for the double rounding of values within 1e-16 of a tie.
struct WideConvolution {
    /// `[C_out, C_in/groups, *kernel]`, or `[C_in, C_out/groups, *kernel]` transposed.
    let shape: [Int]
    var weight: [Double]
    var bias: [Double]

    /// Elements of one kernel.
    var taps: Int { shape.dropFirst(2).reduce(1, *) }

    /// All zero.
    init(shape: [Int], outputChannels: Int) {
        self.shape = shape
        weight = Array(repeating: 0, count: shape.reduce(1, *))
        bias = Array(repeating: 0, count: outputChannels)
    }

    /// As sent, with a bias of zeros where there is none.
    init(weight: Tensor, bias: Tensor?, outputChannels: Int) {
        shape = weight.shape
        self.weight = weight.doubles
        self.bias = bias?.doubles ?? Array(repeating: 0, count: outputChannels)
    }

    /// Follows the convolution by a batch norm: `W' = s·W`, `b' = (b − μ)·s + β`.
    ///
    /// A row of the weight is one kernel; `outputChannel` tells which output it contributes to.
    mutating func normalise(_ affine: ChannelAffine, outputChannel: (_ row: Int) -> Int) {
        let taps = self.taps
        for row in 0..<shape[0] * shape[1] {
            let scale = affine.scale[outputChannel(row)]
            for index in row * taps..<(row + 1) * taps { weight[index] *= scale }
        }
        for channel in bias.indices {
            bias[channel] =
                (bias[channel] - affine.mean[channel]) * affine.scale[channel]
                + affine.shift[channel]
        }
    }

    /// The tensors in the request's dtype; refuses what is not finite there.
    func rounded(to dtype: DType) throws(FusionError) -> FusedConvolution {
        try checkFinite("weight", weight, shape, dtype)
        try checkFinite("bias", bias, [bias.count], dtype)
        return FusedConvolution(
            weight: Tensor(shape: shape, rounding: weight, to: dtype),
            bias: Tensor(shape: [bias.count], rounding: bias, to: dtype))
    }

    private func checkFinite(
        _ name: String, _ values: [Double], _ shape: [Int], _ dtype: DType
    ) throws(FusionError) {
        guard let index = values.firstIndex(where: { !dtype.holds($0) }) else { return }
        throw FusionError(
            path: [name],
            reason: "the fused \(name) is \(values[index]) at \(Self.position(index, in: shape)), "
                + "which is not finite in \(dtype.rawValue); check the statistics that scale it, "
                + "or send wider or smaller numbers")
    }

    /// The index of an element in each dimension.
    private static func position(_ index: Int, in shape: [Int]) -> [Int] {
        var rest = index
        let reversed = shape.reversed().map { size in
            defer { rest /= size }
            return rest % size
        }
        return reversed.reversed()
    }
}

extension Tensor {
    /// The elements, exactly.
    var doubles: [Double] {
        switch dtype {
        case .float32: withElements(of: Float.self) { $0.map(Double.init) }
        case .float64: elements(of: Double.self)
        case .float16, .bfloat16: widened().doubles
        }
    }

    /// The values, each rounded once.
    init(shape: [Int], rounding values: [Double], to dtype: DType) {
        self = Tensor(shape: shape, values).rounded(to: dtype)
    }
}
