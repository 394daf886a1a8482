// SPDX-License-Identifier: Apache-2.0

/// What minimal filtering can do, and when it is worth its while.
extension Winograd {
    /// What is in the way, as in ``Algorithm/obstacle(to:precision:)``.
    static func obstacle(to g: ConvolutionGeometry, precision: Precision) -> String? {
        if g.direction == .transposed { return "is for convolutions, not for transposed ones" }
        if g.stride.height != 1 || g.stride.width != 1 { return "is for stride 1" }
        if g.kernel.depth > 1 && g.dilation.depth > 1 {
            return "is for kernels that are not dilated along their depth"
        }
        let taps = precision == .strict ? "1 or 3" : "1, 3 or 5"
        let fits = [g.kernel.height, g.kernel.width].allSatisfy {
            WinogradFilter.filter(taps: $0, precision: precision) != nil
        }
        guard fits, g.kernel.height * g.kernel.width > 1, g.kernel.depth <= 16 else {
            return "filters kernels of \(taps) taps in each dimension, not all of them 1"
                + (precision == .strict ? ", in \"strict\" precision" : "")
        }
        if g.inputChannels == 0 { return "needs input channels" }
        if g.hasSubGrids && !DilatedWinograd<Scalar>.isModest(g) {
            return "copies the sub-grids of a dilated convolution, and those of dilation "
                + "\(g.dilation.last(g.spatialRank)) are too large or too many"
        }
        let held = g.inputChannelsPerGroup.multipliedReportingOverflow(by: g.kernel.depth)
        return held.overflow || held.partialValue > mostChannels
            ? "holds all channels of a strip of tiles, at most \(mostChannels) in a group (times the "
                + "depth of the kernel)" : nil
    }

    /// 85 MB of a core's memory, where the vectors are the widest there are.
    private static var mostChannels: Int { 4096 }

    /// Whether it is expected to be faster than sums of products as they are, with weights that are used once.
    ///
    /// A pair of channels has points to transform before it saves any, so it takes maps of some size and,
    /// since tiles go through memory, channels enough that their products outweigh it. In one dimension
    /// half as much is saved. Measured for 16 ... 512 channels on maps of 7x7 ... 112x112 and 32 ... 4096,
    /// on AVX2 (Zen 3) and AVX-512 (Emerald Rapids), where it begins at the same sizes.
    static func isFaster(_ g: ConvolutionGeometry, _ precision: Precision) -> Bool {
        guard obstacle(to: g, precision: precision) == nil else { return false }
        let channels = min(g.inputChannelsPerGroup, g.outputChannelsPerGroup)
        let pixels = g.outputSize.height * g.outputSize.width
        if g.hasSubGrids && pixels / (g.subGridsDown * g.subGridsAcross) < 144 { return false }
        if g.kernel.height == 1 || g.kernel.width == 1 { return channels >= 128 && pixels >= 128 }
        let all = Double(g.inputChannelsPerGroup) * Double(g.outputChannelsPerGroup)
        let work = all.squareRoot() * Double(pixels)
        // Four points save less than six.
        if precision == .strict { return channels >= 64 && work >= 48_000 }
        if g.kernel.height * g.kernel.width > 9 {
            return channels >= 32 && pixels >= 120 && work >= 6_000
        }
        switch channels {
        case ..<24: return false
        case ..<32: return pixels >= 1500
        case ..<96: return pixels >= 600
        case ..<112: return pixels >= 380
        default: return pixels >= 160
        }
    }
}
