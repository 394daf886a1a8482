// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Minimal filtering F(2, 2) along one dimension: outputs of a pair share what lies between them. With two taps a and b
/// that look at x_0 x_1 and x_1 x_2, three products take the place of four,
///
///     (x_0 − x_1)·a + x_1·(a + b)     x_1·(a + b) + (x_2 − x_1)·b
///
/// and the numbers 0 and ±1 make it as exact as sums of products.
///
/// What a filter knows: which outputs are pairs, what a block of them sees of a channel, and which weights they take.
/// Weights are steps `[step][channel]` of a chunk of channels; pixels of a kind take a range of them.
protocol PairFilter: Sendable {
    /// Outputs of a line.
    var width: Int { get }
    /// Lines of outputs that are computed together, and lines in front of the output that are left out.
    var unit: Int { get }
    var lead: Int { get }
    /// Steps of a pair of channels, the most of them that a pixel takes, and those of a kernel as it came.
    var steps: Int { get }
    var longest: Int { get }
    var kernelTaps: Int { get }
    /// Products of an output and a pair of channels, on average.
    var products: Double { get }
    /// Elements that the lines of a unit see of a channel.
    var elements: Int { get }

    /// What some lines see of a channel.
    func layout(lines: Int) -> PairLayout
    /// Where the steps look, `[step][channel]`, from a pixel's place.
    func offsets(channels: Int, _ layout: PairLayout) -> [Int32]
    /// The pixels of some lines, as lines of the block `inside`, which others are not part of.
    func list(
        _ lines: Int, inside: Range<Int>, _ layout: PairLayout, to lists: inout PairLists)
    /// What lines from a first one on see of a channel.
    ///
    /// - Parameter padded: room for ``PairLayout/padded`` elements
    func copy<Scalar: TensorScalar>(
        _ plane: UnsafePointer<Scalar>, lines: Range<Int>, _ layout: PairLayout,
        to copies: UnsafeMutablePointer<Scalar>, padded: UnsafeMutablePointer<Scalar>,
        _ kernels: GEMMKernels<Scalar>)
    /// The weights of some channels of a group as rows of output channels, `[step][channel][width]`.
    ///
    /// - Parameters:
    ///   - weights: the group's
    ///   - outputs: channels; those behind the last of `m` are zeros
    func pack<Scalar: TensorScalar>(
        _ weights: UnsafePointer<Scalar>, m: Int, inputs: Range<Int>, of inputCount: Int,
        outputs: Range<Int>, to rows: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>)
}

extension PairFilter {
    /// A row of output channels' weights, or the sum of two.
    func write<Scalar: TensorScalar>(
        _ a: UnsafePointer<Scalar>, plus b: UnsafePointer<Scalar>?, _ width: Int,
        to row: UnsafeMutablePointer<Scalar>
    ) {
        if let b {
            for i in 0..<width { row[i] = a[i] + b[i] }
        } else {
            row.update(from: a, count: width)
        }
    }
}

/// Where in memory is what a block sees of a channel.
struct PairLayout: Sendable {
    /// Elements of a line.
    let width: Int
    /// Where lines of differences begin, those that pairs share, and the input's own.
    let differences, shared, own: Int
    /// All elements, and those of the padded lines that they are made from.
    let count, padded: Int
}

/// The pixels of a block by kind: where each looks, which sums are its own, and the tiles that they fall into.
struct PairLists: Sendable {
    private(set) var places: [Int32] = [], rows: [Int32] = []
    /// Tiles that begin the sums of pixels or of pairs, and tiles that add to them.
    private(set) var first: [PixelRun] = [], adding: [PixelRun] = []
    private let tilePixels, leastPixels: Int
    /// The number of sums that nobody asks for.
    private let behind: Int

    init<Scalar>(_ tiles: PixelKernels<Scalar>, behind: Int) {
        (tilePixels, leastPixels, self.behind) = (tiles.pixels, tiles.leastPixels, behind)
    }

    /// Neighbouring pixels of a line.
    struct Span {
        /// Where the first one looks, and from one to the next.
        let place, placeStep: Int
        /// Its sums, and those of the other output of a pair; nil: nobody asks for them.
        let row, twin: Int?
        let rowStep: Int
        let count: Int
    }

    /// - Parameter steps: of the weights
    mutating func add(_ spans: [Span], steps: Range<Int>, isFirst: Bool, hasTwins: Bool = false) {
        let start = places.count
        append(spans) { $0.row }
        let count = places.count - start
        if count == 0 { return }
        pad()
        var twin = 0
        if hasTwins {
            twin = places.count - start
            append(spans) { $0.twin }
            pad()
        }
        for some in PixelRuns.tiles(count, mostPixels: tilePixels) {
            let run = PixelRun(
                first: start + some.lowerBound, count: some.count, taps: steps, twin: twin)
            if isFirst { first.append(run) } else { adding.append(run) }
        }
    }

    private mutating func append(_ spans: [Span], _ row: (Span) -> Int?) {
        for span in spans {
            let sums = row(span)
            for i in 0..<span.count {
                places.append(Int32(truncatingIfNeeded: span.place + i * span.placeStep))
                rows.append(
                    Int32(truncatingIfNeeded: sums.map { $0 + i * span.rowStep } ?? behind))
            }
        }
    }

    /// What a tile of fewer pixels than the smallest one has goes on with.
    private mutating func pad() {
        for _ in 0..<leastPixels - 1 {
            places.append(places[places.count - 1])
            rows.append(Int32(truncatingIfNeeded: behind))
        }
    }
}
