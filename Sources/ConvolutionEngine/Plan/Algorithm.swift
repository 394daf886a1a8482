// SPDX-License-Identifier: Apache-2.0

/// How a convolution is computed.
public enum Algorithm: String, Sendable, CaseIterable {
    /// ``SlidingWindow``
    case slidingWindow = "sliding_window"
    /// ``ImplicitGEMM``
    case im2col
    /// ``StridePhases``
    case stridePhases = "stride_phases"

    /// Its name in replies.
    public var name: String { rawValue }

    /// The one that is expected to be fastest: a function of the geometry alone.
    ///
    /// A tile of the product has four or eight output channels; with fewer in a group most of it would
    /// be idle while its columns are packed all the same.
    public static func fastest(for geometry: ConvolutionGeometry) -> Algorithm {
        switch geometry.direction {
        case .transposed: .stridePhases
        case .forward: geometry.outputChannelsPerGroup < 4 ? .slidingWindow : .im2col
        }
    }
}
