// SPDX-License-Identifier: Apache-2.0

/// The parameters of a convolution as the caller sent them: not yet checked against anything.
///
/// A list is empty for the default, has one element for all spatial dimensions, or one for each.
public struct ConvolutionOptions: Sendable, Equatable {
    /// Steps of the kernel; default 1.
    public var stride: [Int] = []
    /// Default none.
    public var padding: Padding = .symmetric([])
    /// Distance between taps; default 1.
    public var dilation: [Int] = []
    /// Channel groups; default 1.
    public var groups = 1
    /// Transposed convolutions only: rows and columns added at the end; default 0.
    public var outputPadding: [Int] = []
    /// Transposed convolutions only: the spatial size of the output, which selects the output
    /// padding where padding is given in numbers, and the padding where it is not.
    public var outputSize: [Int] = []
    /// What stands where padding is.
    public var border: Border = .zeros
    /// The kernel is turned round: the convolution of signal processing, not the cross-correlation
    /// that neural networks call by that name.
    public var flipsKernel = false
    /// What the sums become on their way out.
    public var activation: Activation = .none
    /// Nil for the fastest that ``precision`` allows.
    public var algorithm: Algorithm?
    /// The error that is allowed.
    public var precision: Precision = .standard

    /// The defaults.
    public init() {}
}

extension ConvolutionOptions {
    /// How far the input is extended before the kernel slides over it; for a transposed
    /// convolution, what is cut off the output: its adjoint.
    public enum Padding: Sendable, Equatable {
        /// The same amount before and after; empty, one, or one for each spatial dimension.
        case symmetric([Int])
        /// `[before, after]` for each spatial dimension.
        case pairs([[Int]])
        /// ONNX's order: all that go before, then all that go after.
        case pads([Int])
        /// No padding.
        case valid
        /// Output as large as the input; stride 1 only, the odd element after (PyTorch's meaning).
        case same
        /// Output of `⌈in / stride⌉`, the odd element after: TensorFlow's `SAME`. Transposed: `in · stride`.
        case sameUpper
        /// The same with the odd element before.
        case sameLower
        /// Every position at which the kernel sees any of the input: `d(k − 1)` on both sides.
        case full
        /// One dimension only: `d(k − 1)` before, so that no output sees what comes after it.
        case causal
        /// Transposed only: what the output size asks for, the odd element before (ONNX's `NOTSET`).
        case derived
    }
}
