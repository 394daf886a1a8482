// SPDX-License-Identifier: Apache-2.0

/// How a convolution is computed.
public enum Algorithm: String, Sendable, CaseIterable {
    /// ``SlidingWindow``
    case slidingWindow = "sliding_window"
    /// ``DirectConvolution``
    case direct
    /// ``ImplicitGEMM``
    case im2col
    /// ``StridePhases``
    case stridePhases = "stride_phases"
    /// ``ColumnScatter``
    case columnScatter = "col2im"
    /// ``KernelMatrixProduct``
    case kernelMatrix = "kernel_matrix"

    /// Its name in replies.
    public var name: String { rawValue }

    /// The one that is expected to be fastest among those that keep to the precision: a function of the
    /// geometry and the precision alone, in constant time. All of today keep to each.
    ///
    /// A transposed convolution has a product for
    /// each residue of the stride, which with thousands of them are too small to be worth their while.
    public static func fastest(
        for geometry: ConvolutionGeometry, precision: Precision = .standard
    ) -> Algorithm {
        switch geometry.direction {
        case .transposed: hasFewPhases(geometry) ? .stridePhases : .columnScatter
        case .forward:
            prefersDirect(geometry) && DirectBlocks.areModest(geometry) ? .direct : .im2col
        }
    }

    /// Whether packing columns would cost more than reading them where they lie. The product packs a column for
    /// all output channels of a group, which with m of them takes some 3 / m of the time of its sums; direct
    /// convolution leaves lanes idle at the ends of rows. Measured on AVX2: even at 16 channels on maps of
    /// 28 columns and at 32 on 112, at 64 in one dimension, and twice as fast at 4.
    private static func prefersDirect(_ g: ConvolutionGeometry) -> Bool {
        let outputs = g.outputChannelsPerGroup, width = g.outputSize.width
        if outputs <= 4 { return true }
        if g.outputSize.height * g.outputSize.depth == 1 && width >= 64 { return outputs <= 64 }
        let idle = (width + 7) / 8 * 8 - width
        return outputs <= 16 && idle * outputs <= 3 * width
    }

    /// Every residue of the output's index modulo the stride looks at every tap when it is planned.
    static func hasFewPhases(_ geometry: ConvolutionGeometry) -> Bool {
        let phases = (0..<3).reduce(1.0) {
            $0 * Double(min(geometry.stride[$1], geometry.outputSize[$1]))
        }
        return phases <= 64 && phases * Double(geometry.kernel.count) <= 65_536
    }
}
