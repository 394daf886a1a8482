// SPDX-License-Identifier: Apache-2.0

import KernelInterface

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
    /// ``ColumnScatter``, or ``ColumnSums`` where pixels are many
    case columnScatter = "col2im"
    /// ``KernelMatrixProduct``
    case kernelMatrix = "kernel_matrix"
    /// ``Winograd``
    case winograd
    /// ``FFTConvolution``
    case fft

    /// Its name in replies.
    public var name: String { rawValue }

    /// The one that is expected to be fastest among those that keep to the precision: a function of the
    /// geometry, the precision and the width of vectors alone, in constant time.
    ///
    /// Large kernels and long ones are for the frequency domain, by ``FourierTiling``'s account; kernels of three and five
    /// taps, and transposed ones of two or three taps a residue of the stride, for minimal filtering, where there is
    /// enough to filter (``Winograd``). A transposed convolution has a product for each residue, which with thousands of
    /// them are too small to be worth their while, and with few output channels too narrow.
    ///
    /// - Parameter lanes: of a vector of float32
    public static func fastest(
        for geometry: ConvolutionGeometry, precision: Precision = .standard,
        lanes: Int = KernelTable.best.float32.lanes
    ) -> Algorithm {
        switch geometry.direction {
        case .transposed:
            if ColumnSums<Float>.isFaster(geometry) {
                .columnScatter
            } else if Winograd<Float>.isFaster(geometry, precision, lanes: lanes) {
                .winograd
            } else {
                hasFewPhases(geometry) && !isMostlyWeights(geometry)
                    ? .stridePhases : .columnScatter
            }
        case .forward:
            if FourierTiling.wins(geometry, precision) {
                .fft
            } else if Winograd<Float>.isFaster(geometry, precision, lanes: lanes) {
                .winograd
            } else if prefersDirect(geometry) && DirectBlocks.areModest(geometry) {
                .direct
            } else {
                .im2col
            }
        }
    }

    /// Whether packing columns would cost more than reading them where they lie: a column is packed once for all
    /// output channels of a group, and a channel of the input has to be worth its copy. Measured on AVX2 for
    /// kernels of 1 ... 49 taps, 1 ... 512 channels and maps of 7x7 ... 224x224 and 32 ... 4096.
    private static func prefersDirect(_ g: ConvolutionGeometry) -> Bool {
        let inputs = g.inputChannelsPerGroup, outputs = g.outputChannelsPerGroup
        // One output of all that an image has is a product of rows as they lie.
        if g.outputSize.count == 1 && g.groups == 1 && inputs * g.kernel.count >= 64 {
            return false
        }
        if outputs <= 4 { return true }
        // Windows that share nothing, of many products, are a plain product: 3 channels of 4x4 in 0.08 ms for 0.10 with
        // AVX-512, in as much with AVX2.
        if g.stride.height >= g.kernel.height && g.stride.width >= g.kernel.width
            && inputs * g.kernel.count >= 48 && outputs > 32
        {
            return false
        }
        if g.kernel.count == 1 {
            let pixels = g.outputSize.height * g.outputSize.width
            if pixels >= 3136 && g.stride.height == 1 && g.stride.width == 1
                && (inputs <= 24 && outputs <= 192 || inputs <= 32 && inputs * outputs <= 3072)
            {
                return true
            }
            return inputs <= 64 && inputs * outputs <= 1024
                && g.outputSize.count >= (outputs <= 32 ? 784 : 3136)
        }
        return inputs <= 8 || outputs <= 16 && inputs <= 256 || outputs <= 32 && inputs <= 64
    }

    /// A transposed convolution of few pixels by large weights, which had better be read as they came: of so few pixels
    /// that a vector of them has idle lanes, or of which an image's residues have far more than the input has, most of
    /// them at its border. Measured for 2x2 ... 5x5 taps, strides of 1 and 2 and 64 ... 1024 channels on maps of
    /// 1x1 ... 5x5.
    private static func isMostlyWeights(_ g: ConvolutionGeometry) -> Bool {
        let pixels = g.inputSize.count
        guard pixels <= 32, g.kernel.count > 1, g.weightElementsPerGroup >= 65_536 else {
            return false
        }
        let perResidue = (0..<3).reduce(1) {
            $0 * ((g.outputSize[$1] + g.stride[$1] - 1) / g.stride[$1])
        }
        return pixels <= 4 || perResidue > 2 * pixels
    }

    /// Every residue of the output's index modulo the stride looks at every tap when it is planned.
    static func hasFewPhases(_ geometry: ConvolutionGeometry) -> Bool {
        let phases = (0..<3).reduce(1.0) {
            $0 * Double(min(geometry.stride[$1], geometry.outputSize[$1]))
        }
        return phases <= 64 && phases * Double(geometry.kernel.count) <= 65_536
    }
}
