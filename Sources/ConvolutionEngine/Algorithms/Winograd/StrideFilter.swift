// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// ``PairFilter`` of a convolution with a stride.
///
/// With s the stride, s < n <= 2·s taps and x_o = in[s·o + r], each r that has a tap r + s too takes three products for
/// the four of outputs o and o + 1,
///
///     out[o]     <- (x_o − x_{o+1})·w_r           + x_{o+1}·(w_r + w_{r+s})
///     out[o + 1] <- (x_{o+2} − x_{o+1})·w_{r+s}   + x_{o+1}·(w_r + w_{r+s})
///
/// and the other r two for two: of 3 taps with stride 2 five sixths are left, of 4 taps three quarters.
///
/// Steps, each of them once for every tap of the other dimension: the kernel's own, then those that are added up. The
/// first of a pair of outputs takes 0 ..< s, the second what begins `paired` later, and both share the last.
struct StrideFilter: PairFilter {
    /// Whether down, else across.
    private let isDown: Bool
    /// The stride there, and the padding.
    private let step, before: Int
    /// Taps that have another one `step` further on.
    private let paired: Int
    /// Taps of the other dimension, and how far they are apart.
    private let others, dilation: Int
    private let left: Int
    private let inputSize: SpatialTriple
    /// From one output of a line to the next; elements that all of them see.
    private let lineStep, lineWidth: Int
    let width: Int

    var unit: Int { 2 * (isDown ? 1 : 14) }
    var lead: Int { 0 }
    var steps: Int { (step + 2 * paired) * others }
    var longest: Int { step * others }
    var kernelTaps: Int { (step + paired) * others }
    var products: Double { Double((2 * step + paired) * others) / 2 }
    var elements: Int { unit / 2 * (2 * step + paired) * lineWidth }

    /// Nil where there is no such dimension, or where lines are so long that a pair of them fills the caches.
    init?(_ g: ConvolutionGeometry) {
        guard g.direction == .forward, Self.isFlat(g, 0), g.inputChannels > 0,
            let axis = [1, 2].first(where: { Self.fits(g, $0) }),
            axis == 1 || Self.isFlat(g, 1)
        else { return nil }
        isDown = axis == 1
        step = g.stride[axis]
        before = g.paddingBefore[axis]
        paired = g.kernel[axis] - step
        inputSize = g.inputSize
        if isDown {
            (others, dilation, left) = (g.kernel.width, g.dilation.width, g.paddingBefore.width)
            (width, lineStep) = (g.outputSize.width, g.stride.width)
        } else {
            (others, dilation, left, width, lineStep) = (1, 1, 0, 1, 1)
        }
        lineWidth = (width - 1) * lineStep + (others - 1) * dilation + 1
        guard lineWidth * (2 * step + paired) <= 16_384 else { return nil }
    }

    /// More than a stride, two at most: one tap or two of each residue.
    private static func fits(_ g: ConvolutionGeometry, _ axis: Int) -> Bool {
        let step = g.stride[axis], kernel = g.kernel[axis]
        return (2...8).contains(step) && kernel > step && kernel <= 2 * step
            && g.dilation[axis] == 1
    }

    /// Whether a dimension is not there.
    static func isFlat(_ g: ConvolutionGeometry, _ axis: Int) -> Bool {
        g.kernel[axis] == 1 && g.inputSize[axis] == 1 && g.paddingBefore[axis] == 0
            && g.paddingAfter[axis] == 0
    }

    /// As in ``FilteredLines``.
    func layout(lines: Int) -> PairLayout {
        let pairs = (lines + 1) / 2, units = isDown ? pairs : 1
        let width = isDown ? lineWidth : (pairs + 15) / 16 * 16
        let shared = 2 * units * step * width
        return PairLayout(
            width: width, differences: 0, shared: shared, own: 0,
            count: shared + units * paired * width, padded: shared + step * width)
    }

    func offsets(channels: Int, _ layout: PairLayout) -> [Int32] {
        (0..<step + 2 * paired).flatMap { row in
            let own = step + paired
            let line =
                row < own
                ? row % step * layout.width : layout.shared + (row - own) * layout.width
            return (0..<others).flatMap { tap in
                (0..<channels).map { Int32($0 * layout.count + line + tap * dilation) }
            }
        }
    }

    func list(
        _ lines: Int, inside: Range<Int>, _ layout: PairLayout, to lists: inout PairLists
    ) {
        func span(_ place: Int, _ line: Int, twin: Int? = nil) -> PairLists.Span {
            PairLists.Span(
                place: place, placeStep: lineStep, row: line * width,
                twin: twin.map { $0 * width }, rowStep: 1, count: width)
        }
        func own(_ line: Int) -> PairLists.Span {
            span(
                isDown
                    ? line * step * layout.width : line % 2 * step * layout.width + line / 2, line)
        }
        let first = stride(from: 0, to: lines, by: 2)
        lists.add(
            first.map {
                span(
                    $0 / 2 * (isDown ? paired * layout.width : 1), $0,
                    twin: $0 + 1 < lines ? $0 + 1 : nil)
            }, steps: (step + paired) * others..<steps, isFirst: true, hasTwins: true)
        lists.add(first.map(own), steps: 0..<step * others, isFirst: false)
        lists.add(
            stride(from: 1, to: lines, by: 2).map(own),
            steps: paired * others..<(step + paired) * others, isFirst: false)
    }

    func copy<Scalar: TensorScalar>(
        _ plane: UnsafePointer<Scalar>, lines: Range<Int>, _ layout: PairLayout,
        to copies: UnsafeMutablePointer<Scalar>, padded: UnsafeMutablePointer<Scalar>,
        _ kernels: GEMMKernels<Scalar>
    ) {
        let top = lines.lowerBound * step - before, count = lines.count * step + paired
        // Lines of one element are a row.
        let left = isDown ? -left : top
        kernels.fillRows(
            PaddedRows(
                plane, height: inputSize.height, width: inputSize.width,
                rows: isDown ? top..<top + count : 0..<1, left: left,
                width: isDown ? lineWidth : count, to: padded, ahead: inputSize.count))
        let operands = FilteredLines(
            values: UnsafePointer(padded), width: layout.width, step: step, paired: paired,
            count: lines.count, lines: copies, between: copies + layout.shared)
        if isDown {
            kernels.pixels.filterLines(operands)
        } else {
            kernels.pixels.filterElements(operands)
        }
    }

    func pack<Scalar: TensorScalar>(
        _ weights: UnsafePointer<Scalar>, m: Int, inputs: Range<Int>, of inputCount: Int,
        outputs: Range<Int>, to rows: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>
    ) {
        let width = outputs.count, channels = inputs.count, own = step + paired
        let byteCount = channels * kernelTaps * width * MemoryLayout<Scalar>.stride
        ScratchPool.shared.withScratch(byteCount: byteCount + 256) {
            let packed = $0.assumingMemoryBound(to: Scalar.self)
            kernels.packChannels(
                weights + inputs.lowerBound * kernelTaps, pitch: inputCount * kernelTaps, m: m,
                channels * kernelTaps, outputs, to: packed)
            var to = rows
            for row in 0..<own + paired {
                for tap in 0..<others {
                    for channel in 0..<channels {
                        let kernel = packed + (channel * kernelTaps + tap) * width
                        let sum = row < own ? nil : kernel + row % own * others * width
                        write(
                            sum ?? kernel + row * others * width,
                            plus: sum.map { $0 + step * others * width }, width, to: to)
                        to += width
                    }
                }
            }
        }
    }
}
