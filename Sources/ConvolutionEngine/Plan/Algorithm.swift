// SPDX-License-Identifier: Apache-2.0

/// How a convolution is computed.
public enum Algorithm: String, Sendable, CaseIterable {
    /// ``SlidingWindow``
    case slidingWindow = "sliding_window"
    /// ``ImplicitGEMM``
    case im2col
    /// ``StridePhases``
    case stridePhases = "stride_phases"
    /// ``ColumnScatter``
    case columnScatter = "col2im"

    /// Its name in replies.
    public var name: String { rawValue }

    /// The one that is expected to be fastest: a function of the geometry alone.
    ///
    /// A tile of the product has four or eight output channels; with fewer in a group most of it would
    /// be idle while its columns are packed all the same. A transposed convolution has a product for
    /// each residue of the stride, which with thousands of them are too small to be worth their while.
    public static func fastest(for geometry: ConvolutionGeometry) -> Algorithm {
        switch geometry.direction {
        case .transposed: phases(of: geometry) > 64 ? .columnScatter : .stridePhases
        case .forward: geometry.outputChannelsPerGroup < 4 ? .slidingWindow : .im2col
        }
    }

    /// Residues of the output's index modulo the stride.
    private static func phases(of geometry: ConvolutionGeometry) -> Int {
        (0..<3).reduce(1) { $0 * min(geometry.stride[$1], geometry.outputSize[$1]) }
    }
}
