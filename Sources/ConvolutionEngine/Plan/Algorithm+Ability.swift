// SPDX-License-Identifier: Apache-2.0

/// Which algorithm can do which convolution, and what is in the way of those that cannot.
extension Algorithm {
    /// Those that can do `geometry` in `precision`, in the order of their declaration.
    public static func able(
        for geometry: ConvolutionGeometry, precision: Precision = .standard
    ) -> [Algorithm] {
        allCases.filter { $0.obstacle(to: geometry, precision: precision) == nil }
    }

    /// Why this one cannot do `geometry` in `precision`: the end of a sentence that begins with its
    /// name. Nil if it can. In constant time.
    public func obstacle(
        to geometry: ConvolutionGeometry, precision: Precision = .standard
    ) -> String? {
        switch self {
        case .slidingWindow:
            if geometry.direction == .transposed { return Self.forwardOnly }
            return SlidingField(geometry).isModest
                ? nil
                : "holds the rows that a kernel sees, with their channels, and those of kernel "
                    + "\(geometry.kernel.last(geometry.spatialRank)), dilation "
                    + "\(geometry.dilation.last(geometry.spatialRank)) and "
                    + "\(geometry.inputChannelsPerGroup) channels a group are too many"
        case .direct:
            if geometry.direction == .transposed { return Self.forwardOnly }
            return DirectBlocks.areModest(geometry)
                ? nil
                : "holds the rows that a kernel sees, with their channels and those between them, and "
                    + "those of kernel \(geometry.kernel.last(geometry.spatialRank)), dilation "
                    + "\(geometry.dilation.last(geometry.spatialRank)) and "
                    + "\(geometry.inputChannelsPerGroup) channels a group are too many"
        case .im2col: return geometry.direction == .transposed ? Self.forwardOnly : nil
        case .stridePhases:
            if geometry.direction == .forward { return Self.transposedOnly }
            return Self.hasFewPhases(geometry)
                ? nil
                : "makes a convolution for each residue of the stride, and stride "
                    + "\(geometry.stride.last(geometry.spatialRank)) has too many"
        case .columnScatter: return geometry.direction == .forward ? Self.transposedOnly : nil
        case .kernelMatrix: return KernelMatrixProduct<Float>.obstacle(to: geometry)
        case .winograd: return Winograd<Float>.obstacle(to: geometry, precision: precision)
        case .fft:
            if geometry.direction == .transposed { return Self.forwardOnly }
            return FourierTiling(geometry) != nil
                ? nil
                : "transforms kernels of \(geometry.effectiveKernel) with their dilation, "
                    + "\(geometry.inputChannelsPerGroup) to "
                    + "\(geometry.outputChannelsPerGroup) channels in each of "
                    + "\(geometry.groups) groups, and that takes too much memory"
        }
    }

    private static let forwardOnly = "is for convolutions, not for transposed ones"
    private static let transposedOnly = "is for transposed convolutions only"

    /// Throws where it cannot do `geometry`: what is in the way, and which others can.
    public func check(
        _ geometry: ConvolutionGeometry, precision: Precision = .standard
    ) throws(ConvolutionError) {
        guard let obstacle = obstacle(to: geometry, precision: precision) else { return }
        let able = Self.able(for: geometry, precision: precision).map { "\"\($0.name)\"" }.joined(
            separator: ", ")
        throw .invalid(
            field: "algorithm",
            reason: "algorithm \"\(name)\" \(obstacle); use \"auto\" or one that can: \(able)")
    }
}
