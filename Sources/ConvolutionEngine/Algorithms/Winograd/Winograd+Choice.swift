// SPDX-License-Identifier: Apache-2.0

/// What minimal filtering can do, and when it is worth its while.
extension Winograd {
    /// What is in the way, as in ``Algorithm/obstacle(to:precision:)``.
    static func obstacle(to g: ConvolutionGeometry, precision: Precision) -> String? {
        if g.direction == .forward && (g.stride.height != 1 || g.stride.width != 1) {
            if g.inputChannels == 0 { return needsChannels }
            if StrideFilter(g) != nil { return nil }
            return
                "filters, where there is a stride, rows of an image or a line, by kernels that are longer there than "
                + "the stride, which is at most 8, and not more than twice as long, without dilation"
        }
        if g.kernel.depth > 1 && g.dilation.depth > 1 {
            return "is for kernels that are not dilated along their depth"
        }
        let tiling = WinogradTiling(g, precision: precision, lanes: 1)
        guard let tiling, tiling.points <= mostPoints, g.kernel.depth <= 16 else {
            return shapes(g.direction, precision)
        }
        if g.inputChannels == 0 { return needsChannels }
        if g.hasSubGrids && !DilatedWinograd<Scalar>.isModest(g) {
            return "copies the sub-grids of a dilated convolution, and those of dilation "
                + "\(g.dilation.last(g.spatialRank)) are too large or too many"
        }
        let held = g.inputChannelsPerGroup.multipliedReportingOverflow(by: g.kernel.depth)
        let most = mostChannels * 36 / max(36, tiling.inputPoints)
        return held.overflow || held.partialValue > most
            ? "holds all channels of a strip of tiles, at most \(most) in a group (times the "
                + "depth of the kernel)" : nil
    }

    private static var needsChannels: String { "needs input channels" }

    /// What it filters.
    private static func shapes(
        _ direction: ConvolutionGeometry.Direction, _ precision: Precision
    ) -> String {
        let isStrict = precision == .strict
        let end = isStrict ? ", in \"strict\" precision" : ""
        if direction == .forward {
            return
                "filters kernels of \(isStrict ? "1 or 3" : "1, 3 or 5") taps in each dimension, "
                + "not all of them 1" + end
        }
        return "filters transposed convolutions without dilation whose kernel is "
            + (isStrict ? "1 or 3" : "1 to 3, or 5")
            + " times as long as the stride, which is at most 8, in each dimension (with stride 1 not "
            + "2, and not 1 in all), and that need at most \(mostPoints) products for a tile" + end
    }

    /// Products for a tile and a pair of channels: 256 stay in the caches with a panel of output channels.
    private static var mostPoints: Int { 256 }

    /// 85 MB of a core's memory, where the vectors are the widest there are.
    private static var mostChannels: Int { 4096 }

    /// Whether it is expected to be faster than sums of products as they are, with weights that are used once.
    ///
    /// A pair of channels has points to transform before it saves any, so it takes maps of some size and,
    /// since tiles go through memory, channels enough that their products outweigh it. In one dimension
    /// half as much is saved. Measured for 16 ... 512 channels on maps of 7x7 ... 112x112 and 32 ... 4096,
    /// on AVX2 (Zen 3, Zen 4) and AVX-512 (Emerald Rapids, Zen 4), where it begins at the same sizes.
    static func isFaster(
        _ g: ConvolutionGeometry, _ precision: Precision, lanes: Int
    ) -> Bool {
        guard obstacle(to: g, precision: precision) == nil else { return false }
        if g.kernel.depth > 1 && isOneVector(g, lanes: lanes) { return false }
        let channels = min(g.inputChannelsPerGroup, g.outputChannelsPerGroup)
        let pixels = g.outputSize.height * g.outputSize.width
        if g.direction == .forward && (g.stride.height > 1 || g.stride.width > 1) {
            return isFasterByPairs(g, pixels: pixels)
        }
        if g.hasSubGrids && pixels / (g.subGridsDown * g.subGridsAcross) < 144 { return false }
        if g.stride.height * g.stride.width > 1 {
            return precision != .strict && isFasterByPhases(g, channels: channels)
        }
        if g.kernel.height == 1 || g.kernel.width == 1 {
            if g.hasSubGrids && channels < 256 { return false }
            if channels >= 128 { return channels * pixels >= 200_000 }
            return channels >= 64 && channels * pixels >= 400_000 && precision != .strict
        }
        let all = Double(g.inputChannelsPerGroup) * Double(g.outputChannelsPerGroup)
        let work = all.squareRoot() * Double(pixels)
        // Four points save less than six.
        if precision == .strict { return channels >= 64 && work >= 48_000 }
        if g.kernel.height * g.kernel.width > 9 {
            return channels >= 32 && pixels >= 120 && work >= 12_000
        }
        switch channels {
        case ..<24: return false
        case ..<32: return pixels >= 1500
        case ..<64: return pixels >= 550
        case ..<96: return pixels >= 256
        case ..<128: return pixels >= 190
        default: return pixels >= 140
        }
    }

    /// Whether a plane has no more tiles of 4x4 outputs than a vector has lanes: each depth then reads all weights for one
    /// vector. 512 channels at 4x14x14, 3x3x3 taps, two cores (Zen 5), ms of `winograd` and `im2col`: 24 and 20 with
    /// AVX-512; 31 and 49 with AVX2, where they are two vectors.
    private static func isOneVector(_ g: ConvolutionGeometry, lanes: Int) -> Bool {
        let tiles = ((g.outputSize.height + 3) / 4) * ((g.outputSize.width + 3) / 4)
        return tiles <= lanes
    }

    /// The same for a dimension with a stride. Measured with 3 and 4 taps, stride 2, for 8 ... 512 channels on maps of 7x7
    /// ... 112x112, and on lines of 100 ... 1600 with 3 to 16 taps too, with AVX-512 and AVX2 (Zen 5): fewer pixels do not
    /// repay what is done to weights of one use, nor do 12x12 to 15x15 what is done to large ones.
    private static func isFasterByPairs(_ g: ConvolutionGeometry, pixels: Int) -> Bool {
        let inputs = g.inputChannelsPerGroup, outputs = g.outputChannelsPerGroup
        return g.outputSize.height > 1
            ? inputs >= 16 && outputs >= 24
                && (pixels >= 240 || pixels >= 140 && inputs * outputs <= 65_536)
            : min(inputs, outputs) >= 128 && pixels >= 400
    }

    /// The same for pairs down a transposed convolution. Measured with 3 taps, stride 2, for 16 ... 512 channels on maps of
    /// 8x8 ... 112x112, with AVX-512 and AVX2 (Zen 5), where zipped residues are as fast for fewer; and with 5 taps,
    /// stride 3, where they take twice as long.
    private static func isFasterByPhasePairs(
        _ g: ConvolutionGeometry, down: Int, pixels: Int
    ) -> Bool {
        let inputs = g.inputChannelsPerGroup, outputs = g.outputChannelsPerGroup
        if down > 2 { return min(inputs, outputs) >= 32 && pixels >= 300 }
        return min(inputs, outputs) >= 64
            && (pixels >= 2000 || inputs >= 256 && outputs >= 128 && pixels >= 196)
    }

    /// The same for the phases of a transposed convolution, each with a kernel of its own for few pixels. Measured
    /// for 32 ... 256 channels, kernels of 3, 4 and 5 taps with stride 2 on maps of 8x8 ... 64x64, of 4 with stride 2 and
    /// 16 with stride 8 on lines of 64 ... 12800, with two instruction sets and one and two cores.
    private static func isFasterByPhases(_ g: ConvolutionGeometry, channels: Int) -> Bool {
        let (down, across) = (g.stride.height, g.stride.width)
        let pixels =
            ((g.outputSize.height + down - 1) / down)
            * ((g.outputSize.width + across - 1) / across)
        if g.kernel.depth > 1 { return false }
        if PhaseFilter(g) != nil { return isFasterByPhasePairs(g, down: down, pixels: pixels) }
        if g.kernel.height == down || g.kernel.width == across {
            return channels >= 64 && pixels >= (channels >= 128 ? 512 : 1600)
        }
        if max(down, across) > 2 { return false }
        if g.kernel.height < 2 * down || g.kernel.width < 2 * across {
            // Of more input channels the 81 points of 32 tiles are more than L2 holds.
            return channels >= 112 && g.inputChannelsPerGroup <= 128 && pixels >= 900
        }
        if g.kernel.height == 2 * down || g.kernel.width == 2 * across {
            // Of 512 input channels small maps wait for the transformed weights.
            let least = g.inputChannelsPerGroup <= 256 ? 256 : 900
            return channels >= 64 && pixels >= least
        }
        return channels >= 64 && pixels >= 256 || channels >= 32 && pixels >= 576
    }
}
