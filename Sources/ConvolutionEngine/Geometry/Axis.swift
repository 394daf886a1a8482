// SPDX-License-Identifier: Apache-2.0

/// One spatial dimension of a convolution: the formulas for its output size.
struct Axis {
    let name: String
    let input: Int
    let kernel: Int
    let stride: Int
    let dilation: Int
    var before = 0
    var after = 0
    var outputPadding: Int

    /// What the kernel covers, `d(k − 1) + 1`, or nil beyond the size limit.
    static func extent(kernel: Int, dilation: Int) -> Int? {
        guard let reach = SizeLimit.overflowChecked([dilation, kernel - 1]),
            reach < SizeLimit.largest
        else { return nil }
        return reach + 1
    }

    /// What the kernel covers; the sum of an axis that ``extent(kernel:dilation:)`` accepted.
    var kernelExtent: Int { dilation * (kernel - 1) + 1 }

    /// Input and padding together.
    var paddedInput: Int { input + before + after }

    /// `⌊(in + before + after − d(k − 1) − 1) / s⌋ + 1`, for a kernel that fits.
    var forwardOutput: Int { (paddedInput - kernelExtent) / stride + 1 }

    /// `(in − 1)s + d(k − 1) + output_padding + 1`: a transposed output before padding is cut off
    /// it; nil beyond the size limit.
    var uncroppedOutput: Int? {
        guard let steps = SizeLimit.overflowChecked([input - 1, stride]),
            steps <= SizeLimit.largest - kernelExtent - outputPadding
        else { return nil }
        return steps + kernelExtent + outputPadding
    }

    /// The padding that makes the output `⌈in / s⌉`.
    var ceilingPadding: Int {
        let output = (input + stride - 1) / stride
        return max(0, (output - 1) * stride + kernelExtent - input)
    }

    /// The same with `total` padding in halves, the odd element after or before.
    func padded(_ total: Int, oddBefore: Bool) -> Axis {
        var axis = self
        axis.before = oddBefore ? total - total / 2 : total / 2
        axis.after = total - axis.before
        return axis
    }

    /// The same with other padding.
    func padded(before: Int, after: Int) -> Axis {
        var axis = self
        (axis.before, axis.after) = (before, after)
        return axis
    }
}
