// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// ``PairFilter`` of a transposed convolution, down its images.
///
/// With s the stride and p the padding, o + p = s·u + r, and residues r of two taps, r and r + s, are convolutions of
/// stride 1 over u: outputs of u and u + 1 (u even, from the first one on) share x_u,
///
///     out[u]     <- (x_{u−1} − x_u)·w_{r+s}  + x_u·(w_r + w_{r+s})
///     out[u + 1] <- (x_{u+1} − x_u)·w_r      + x_u·(w_r + w_{r+s})
///
/// Residues of one tap are sums as they are: of three taps with stride 2 five sixths are left. Across, each residue
/// takes its taps; outputs lie next to each other as soon as their sums are turned, whatever their residue.
///
/// Steps: for each residue across, for each row of weights down (of two taps w_{r+s}, w_r, their sum; of one w_r), the
/// residue's taps across.
struct PhaseFilter: PairFilter {
    /// Of both dimensions stride and kernel; of rows, residues of two taps.
    private let down, across: Dimension
    private let paired: Int
    private let inputSize, outputSize: SpatialTriple
    let steps: Int

    private struct Dimension {
        let step, taps: Int
        /// Padding behind whole strides, and the first u.
        let lead, first: Int

        init(_ g: ConvolutionGeometry, _ axis: Int) {
            (step, taps) = (g.stride[axis], g.kernel[axis])
            first = g.paddingBefore[axis] / step
            lead = g.paddingBefore[axis] % step
        }

        /// Taps of a residue.
        func count(_ residue: Int) -> Int { (taps - residue + step - 1) / step }
        var most: Int { count(0) }
    }

    /// Rows of weights down.
    private var rows: Int { down.step + 2 * paired }
    /// The u across, and elements that they see.
    private var columns: Int { (outputSize.width + across.lead + across.step - 1) / across.step }
    private var lineWidth: Int { columns + across.most - 1 }

    var width: Int { outputSize.width }
    var unit: Int { 2 * down.step }
    var lead: Int { down.lead }
    var longest: Int { across.most }
    var kernelTaps: Int { down.taps * across.taps }
    var products: Double {
        Double((2 * down.step + paired) * across.taps) / Double(2 * down.step * across.step)
    }
    var elements: Int { 5 * lineWidth }

    /// Nil where rows have not one tap or two, some of them two.
    init?(_ g: ConvolutionGeometry) {
        let step = g.stride.height, kernel = g.kernel.height
        guard g.direction == .transposed, StrideFilter.isFlat(g, 0), g.outputSize.depth == 1,
            g.inputChannels > 0, (2...8).contains(step), kernel > step, kernel < 2 * step,
            g.stride.width <= 8, g.kernel.width >= g.stride.width,
            g.dilation.height == 1, g.dilation.width == 1
        else { return nil }
        (down, across) = (Dimension(g, 1), Dimension(g, 2))
        paired = kernel - step
        (inputSize, outputSize) = (g.inputSize, g.outputSize)
        steps = (step + 2 * paired) * g.kernel.width
        guard elements <= 16_384 else { return nil }
    }

    func layout(lines: Int) -> PairLayout {
        let pairs = (lines + unit - 1) / unit, own = (2 * pairs + 1) * lineWidth
        let shared = own + 2 * pairs * lineWidth
        return PairLayout(
            width: lineWidth, differences: own, shared: shared, own: lineWidth,
            count: shared + pairs * lineWidth, padded: 0)
    }

    /// The rows of weights of a residue: the first of them, and whether there are three.
    private func row(_ residue: Int) -> (first: Int, isPaired: Bool) {
        residue < paired ? (3 * residue, true) : (2 * paired + residue, false)
    }

    /// The steps of a row of weights and a residue across.
    private func steps(_ row: Int, _ residue: Int) -> Range<Int> {
        let before = (0..<residue).reduce(0) { $0 + across.count($1) } * rows
        let first = before + row * across.count(residue)
        return first..<first + across.count(residue)
    }

    func offsets(channels: Int, _ layout: PairLayout) -> [Int32] {
        (0..<across.step).flatMap { residue in
            (0..<rows).flatMap { row in
                let line =
                    row >= 3 * paired
                    ? layout.own : row % 3 == 2 ? layout.shared : layout.differences
                return (0..<across.count(residue)).flatMap { tap in
                    (0..<channels).map {
                        Int32($0 * layout.count + line + across.most - 1 - tap)
                    }
                }
            }
        }
    }

    func list(
        _ lines: Int, inside: Range<Int>, _ layout: PairLayout, to lists: inout PairLists
    ) {
        for column in 0..<across.step {
            // Outputs x = step·j + column − lead.
            let j = (across.lead - column + across.step - 1) / across.step
            let end = (width + across.lead - column + across.step - 1) / across.step
            func sums(_ line: Int) -> Int? {
                inside.contains(line)
                    ? (line - inside.lowerBound) * width + j * across.step + column - across.lead
                    : nil
            }
            func span(_ place: Int, _ line: Int, twin: Int? = nil) -> PairLists.Span {
                PairLists.Span(
                    place: place * layout.width + j, placeStep: 1, row: sums(line),
                    twin: twin.flatMap(sums), rowStep: across.step, count: max(0, end - j))
            }
            let us = (lines + down.step - 1) / down.step
            for residue in 0..<down.step {
                let (row, isPaired) = row(residue)
                func line(_ u: Int) -> Int { u * down.step + residue }
                func own(_ us: some Sequence<Int>) -> [PairLists.Span] {
                    us.filter { inside.contains(line($0)) }.map { span($0, line($0)) }
                }
                if isPaired {
                    let pairs = (0..<(us + 1) / 2).filter {
                        inside.contains(line(2 * $0)) || inside.contains(line(2 * $0 + 1))
                    }
                    lists.add(
                        pairs.map { span($0, line(2 * $0), twin: line(2 * $0 + 1)) },
                        steps: steps(row + 2, column), isFirst: true, hasTwins: true)
                    lists.add(
                        own(stride(from: 0, to: us, by: 2)), steps: steps(row, column),
                        isFirst: false)
                    lists.add(
                        own(stride(from: 1, to: us, by: 2)), steps: steps(row + 1, column),
                        isFirst: false)
                } else {
                    lists.add(own(0..<us), steps: steps(row, column), isFirst: true)
                }
            }
        }
    }

    func copy<Scalar: TensorScalar>(
        _ plane: UnsafePointer<Scalar>, lines: Range<Int>, _ layout: PairLayout,
        to copies: UnsafeMutablePointer<Scalar>, padded: UnsafeMutablePointer<Scalar>,
        _ kernels: GEMMKernels<Scalar>
    ) {
        let pairs = (lines.count + unit - 1) / unit
        let top = down.first + lines.lowerBound / down.step - 1
        kernels.fillRows(
            PaddedRows(
                plane, height: inputSize.height, width: inputSize.width,
                rows: top..<top + 2 * pairs + 1, left: across.first - (across.most - 1),
                width: lineWidth, to: copies, ahead: inputSize.count))
        kernels.pixels.filterLines(
            FilteredLines(
                values: UnsafePointer(copies), width: lineWidth, step: 1, paired: 1,
                count: 2 * pairs, lines: copies + layout.differences,
                between: copies + layout.shared))
    }

    func pack<Scalar: TensorScalar>(
        _ weights: UnsafePointer<Scalar>, m: Int, inputs: Range<Int>, of inputCount: Int,
        outputs: Range<Int>, to rows: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>
    ) {
        let width = outputs.count, channels = inputs.count
        let byteCount = channels * kernelTaps * width * MemoryLayout<Scalar>.stride
        ScratchPool.shared.withScratch(byteCount: byteCount + 256) {
            let packed = $0.assumingMemoryBound(to: Scalar.self)
            for (channel, input) in inputs.enumerated() {
                kernels.packChannels(
                    weights + input * m * kernelTaps, pitch: kernelTaps, m: m, kernelTaps, outputs,
                    to: packed + channel * kernelTaps * width)
            }
            var to = rows
            for column in 0..<across.step {
                for row in 0..<self.rows {
                    let isPaired = row < 3 * paired
                    let residue = isPaired ? row / 3 : row - 2 * paired
                    let first = isPaired && row % 3 == 0 ? residue + down.step : residue
                    for tap in stride(from: column, to: across.taps, by: across.step) {
                        for channel in 0..<channels {
                            let kernel = packed + (channel * kernelTaps + tap) * width
                            let a = kernel + first * across.taps * width
                            let isSum = isPaired && row % 3 == 2
                            write(
                                a, plus: isSum ? a + down.step * across.taps * width : nil, width,
                                to: to)
                            to += width
                        }
                    }
                }
            }
        }
    }
}
