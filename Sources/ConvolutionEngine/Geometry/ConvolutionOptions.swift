// SPDX-License-Identifier: Apache-2.0

/// The parameters of a convolution as the caller sent them: not yet checked against anything.
///
/// A list is empty for the default, has one element for all spatial dimensions, or one for each.
public struct ConvolutionOptions: Sendable, Equatable {
    /// How the input is extended before the kernel slides over it.
    public enum Padding: Sendable, Equatable {
        /// The same amount before and after; empty, one, or one for each spatial dimension.
        case symmetric([Int])
        /// `[before, after]` for each spatial dimension.
        case pairs([[Int]])
        /// No padding.
        case valid
        /// Output as large as the input; stride 1 only, the odd element after (PyTorch's meaning).
        case same
    }

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

    /// The defaults.
    public init() {}
}
