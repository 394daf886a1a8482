// SPDX-License-Identifier: Apache-2.0

/// Neighbouring outputs of a convolution that look at the input, and not at padding, through the same taps.
struct SightBox: Sendable {
    /// The first output, and how many there are.
    let first, size: SpatialTriple
    /// Those taps, in the order of the weights.
    let taps: [Int]

    /// Multiplications for each pair of channels.
    var work: Int { size.count * taps.count }

    /// Some outputs of one dimension, and the taps that they see through.
    private struct Interval {
        let outputs, taps: Range<Int>
    }

    /// The boxes of a convolution's outputs, if to leave out padding is worth their number: taps far apart over
    /// maps that are not much larger. A box takes vectors of its own, and a row of weights as long as there are
    /// channels is what a product of one tap has to work with.
    ///
    /// - Parameter lanes: elements of a vector
    static func boxes(of geometry: ConvolutionGeometry, lanes: Int) -> [SightBox]? {
        let kernel = geometry.kernel
        guard geometry.direction == .forward, geometry.stride.width <= 2,
            (2...64).contains(kernel.count), geometry.inputChannelsPerGroup >= 32,
            geometry.outputChannelsPerGroup >= 32, geometry.outputSize.count <= mostOutputs
        else { return nil }
        let axes = (0..<3).map { intervals(of: geometry, dimension: $0) }
        let count = axes.reduce(1) { $0 * $1.count }
        guard count > 1, count <= 32, axes.allSatisfy({ $0.allSatisfy { !$0.taps.isEmpty } })
        else { return nil }
        var boxes: [SightBox] = []
        for z in axes[0] {
            for y in axes[1] {
                for x in axes[2] { boxes.append(SightBox(z, y, x, kernel)) }
            }
        }
        let whole = cost(geometry.outputSize, rows: 0, taps: kernel.count, geometry, lanes)
        let parts = boxes.reduce(0) {
            $0
                + cost(
                    $1.size, rows: $1.size.depth * $1.size.height, taps: $1.taps.count, geometry,
                    lanes)
        }
        return parts < 0.8 * whole ? boxes : nil
    }

    /// A plan keeps where each block's pixels are: 256x256 of them take about 0.3 MB.
    private static var mostOutputs: Int { 1 << 16 }

    /// Cycles, of eight or more lanes: two multiply-adds in each, about three for a piece of a row that is copied, and
    /// a thousand for a product.
    private static func cost(
        _ size: SpatialTriple, rows: Int, taps: Int, _ g: ConvolutionGeometry, _ lanes: Int
    ) -> Double {
        let vectors = (size.count + lanes - 1) / lanes
        let perChannel = vectors * g.outputChannelsPerGroup / 2 + 3 * rows
        return Double(taps) * (Double(g.inputChannelsPerGroup * perChannel) + 1000)
    }

    private init(_ z: Interval, _ y: Interval, _ x: Interval, _ kernel: SpatialTriple) {
        first = SpatialTriple(
            depth: z.outputs.lowerBound, height: y.outputs.lowerBound, width: x.outputs.lowerBound)
        size = SpatialTriple(
            depth: z.outputs.count, height: y.outputs.count, width: x.outputs.count)
        taps = z.taps.flatMap { z in
            y.taps.flatMap { y in x.taps.map { (z * kernel.height + y) * kernel.width + $0 } }
        }
    }

    /// A dimension cut where a tap begins or ceases to look at the input.
    private static func intervals(of g: ConvolutionGeometry, dimension d: Int) -> [Interval] {
        let seen = (0..<g.kernel[d]).map {
            StepRange.inside(
                g.inputSize[d], count: g.outputSize[d], stride: g.stride[d],
                offset: $0 * g.dilation[d] - g.paddingBefore[d])
        }
        let cuts = Set(seen.flatMap { [$0.lowerBound, $0.upperBound] } + [0, g.outputSize[d]])
            .sorted()
        return zip(cuts, cuts.dropFirst()).map { first, end in
            let taps = seen.indices.filter { seen[$0].contains(first) }
            return Interval(
                outputs: first..<end, taps: (taps.first ?? 0)..<(taps.last ?? -1) + 1)
        }
    }
}
