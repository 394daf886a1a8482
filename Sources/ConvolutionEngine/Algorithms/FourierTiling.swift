// SPDX-License-Identifier: Apache-2.0

/// Into which boxes ``FFTConvolution`` cuts the input, and what that costs: a function of the geometry
/// of one image alone, so that no result depends on the batch, the cores or the instruction set.
///
/// A box of n samples along a dimension holds ⌊(n − e) / s⌋ + 1 outputs of a kernel that covers e at
/// stride s (overlap-save). Where one box holds everything, what wraps around may be the zeros of the
/// padding: n need not hold those on both sides.
struct FourierTiling: Sendable {
    /// Samples of a box.
    let size: SpatialTriple
    /// Outputs of a box.
    let outputs: SpatialTriple
    /// Boxes.
    let count: SpatialTriple
    /// Estimated cycles of a core with eight lanes for one image, transforms of the weights included.
    let cost: Double

    /// A box, with its lanes, takes eight bytes a sample and lane: megabytes at most.
    static var mostSamples: Int { 1 << 17 }
    /// 2^25 elements of transformed weights are 128 MiB in float32.
    static var mostSpectrum: Int { 1 << 25 }
    /// 2^23 elements of transformed channels are 32 MiB in float32.
    static var mostChannels: Int { 1 << 23 }

    /// One way to cut a dimension.
    private struct Cut {
        let length: Int
        let outputs: Int
        let count: Int
        /// Passes of its transform (``FourierAxis``).
        let passes: Int

        init(_ length: Int, points: Int, outputs: Int, count: Int) {
            self.length = length
            self.outputs = outputs
            self.count = count
            let twos = points.trailingZeroBitCount, odd = points >> twos
            passes = (twos + 1) / 2 + (odd == 9 ? 2 : odd == 3 ? 1 : 0)
        }
    }

    /// The cheapest; nil where every one would take more memory than that.
    init?(_ g: ConvolutionGeometry) {
        let depths = Self.cuts(g, 0), heights = Self.cuts(g, 1), widths = Self.cuts(g, 2)
        var best: (cost: Double, depth: Cut, height: Cut, width: Cut)?
        for depth in depths {
            for height in heights where depth.length * height.length <= Self.mostSamples / 2 {
                for width in widths
                where depth.length * height.length * width.length <= Self.mostSamples {
                    guard let cost = Self.cost(g, depth, height, width) else { continue }
                    if cost < best?.cost ?? .infinity { best = (cost, depth, height, width) }
                }
            }
        }
        guard let best else { return nil }
        cost = best.cost
        let cuts = [best.depth, best.height, best.width]
        size = SpatialTriple { cuts[$0].length }
        outputs = SpatialTriple { cuts[$0].outputs }
        count = SpatialTriple { cuts[$0].count }
    }

    /// 2^a · 3^b with b <= 2, ascending; rows of them are twice as long.
    private static let lengths: [Int] = {
        let twos = (0...17).map { 1 << $0 }
        return (twos + twos.map { 3 * $0 } + twos.map { 9 * $0 }).filter { $0 <= mostSamples }
            .sorted()
    }()

    /// The lengths from the kernel's to that which holds everything, or to some times the kernel's: longer
    /// ones gain little. At most some twenty.
    private static func cuts(_ g: ConvolutionGeometry, _ dimension: Int) -> [Cut] {
        let extent = g.kernelExtent[dimension], stride = g.stride[dimension]
        let output = g.outputSize[dimension], before = g.paddingBefore[dimension]
        let needed = (output - 1) * stride + extent
        let content = min(before + g.inputSize[dimension], needed)
        let whole = max(needed - min(before, needed), content, needed - extent + 1)
        var cuts: [Cut] = []
        for half in lengths {
            let length = dimension == 2 ? 2 * half : half
            if length < extent { continue }
            if length > 16 * extent + 64 { break }
            if length >= whole {
                cuts.append(Cut(length, points: half, outputs: output, count: 1))
                break
            }
            let some = (length - extent) / stride + 1
            let count = (output + some - 1) / some
            cuts.append(Cut(length, points: half, outputs: some, count: count))
        }
        return cuts
    }

    /// Cycles; nil where it would take too much memory. The constants are fitted to AVX2 on two cores, from
    /// signals to volumes, mostly within a quarter.
    private static func cost(
        _ g: ConvolutionGeometry, _ depth: Cut, _ height: Cut, _ width: Cut
    ) -> Double? {
        let rows = Double(depth.length * height.length), points = rows * Double(width.length) / 2
        let boxes = Double(depth.count) * Double(height.count) * Double(width.count)
        let passes = Double(depth.passes + height.passes + width.passes)
        let inputs = Double(g.inputChannelsPerGroup), outputs = Double(g.outputChannelsPerGroup)
        let groups = Double(g.groups), taps = Double(g.kernel.count)
        // A point takes 64 bytes, and more than 300 KB are too much for a second-level cache.
        let isLarge = points * 64 > 300_000
        let perPoint = isLarge ? passes * 5 + 16 : passes * 2.5 + 10
        let transform = points * perPoint + rows * 300
        if inputs == 1 && outputs == 1 {
            guard groups * points * 2 <= Double(mostSpectrum) else { return nil }
            let vectors = min((boxes / 8).rounded(.up) * groups, (groups / 8).rounded(.up) * boxes)
            return vectors * (2 * transform + 6 * points)
                + (groups / 8).rounded(.up) * (transform + 12 * taps)
        }
        let blocks = (outputs / 8).rounded(.up)
        guard groups * inputs * blocks * 8 * points * 2 <= Double(mostSpectrum),
            (inputs + outputs) * points * 2 * 24 <= Double(mostChannels)
        else { return nil }
        let vectors = (boxes / 8).rounded(.up)
        let products = points * inputs * outputs * (vectors > 1 ? 2.6 : 4.5)
        let channels = (inputs + outputs) * (transform + 20 * points)
        // Of a line's few points the memory is most of it.
        let each = (rows == 1 ? 2 : 1) * (transform + 12 * points + 12 * taps)
        let kernels = blocks * inputs * each
        return groups * (vectors * (products + channels) + kernels)
    }

    /// Whether this is faster than sums of products, which reach nine tenths of the peak of sixteen
    /// multiply-adds a cycle at best; by a margin, since the account is an estimate. Measured for lines of 16 to 256
    /// channels and 200 to 25600 samples too: with this margin they take 0.64 to 1.02 of the time of other algorithms, with
    /// 1.1 some take 1.3.
    static func wins(_ g: ConvolutionGeometry, _ precision: Precision) -> Bool {
        let taps = g.kernel.count
        let isLine = max(g.kernel.depth, g.kernel.height, g.kernel.width) == taps
        // Of few taps strict sums are products as they are, which whole numbers stay whole in.
        let least = isLine && precision != .strict ? 7 : 32
        guard taps >= least, g.batch > 0 else { return false }
        let each = Double(g.multiplyAccumulates / g.batch)
        guard each > 200_000, let tiling = FourierTiling(g) else { return false }
        return tiling.cost * 1.3 < each / (16 * 0.9)
    }
}
