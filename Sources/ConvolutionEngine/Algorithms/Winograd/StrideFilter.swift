// SPDX-License-Identifier: Apache-2.0

/// Minimal filtering F(2, 2) along one dimension of a convolution with a stride: outputs of a pair share what lies
/// between them.
///
/// With s the stride, s < n <= 2·s taps and x_o = in[s·o + r], each r that has a tap r + s too takes three products for
/// the four of outputs o and o + 1,
///
///     out[o]     <- (x_o − x_{o+1})·w_r           + x_{o+1}·(w_r + w_{r+s})
///     out[o + 1] <- (x_{o+2} − x_{o+1})·w_{r+s}   + x_{o+1}·(w_r + w_{r+s})
///
/// and the other r two for two: of 3 taps with stride 2 five sixths are left, of 4 taps three quarters. The numbers 0
/// and ±1 make it as exact as sums of products.
///
/// Rows of weights, each with the taps of the other dimension: the kernel's own, then those that are added up. The
/// first of a pair of outputs takes the rows ``first``, the second ``second``, and both share ``between``.
struct StrideFilter: Sendable {
    /// Which dimension: 1 down, 2 across.
    let axis: Int
    /// The stride there.
    let step: Int
    /// Taps that have another one `step` further on.
    let paired: Int
    /// Taps of the other dimension, and how far they are apart.
    let others, dilation: Int
    /// Outputs of a line and from one to the next of its elements; elements that all of them see.
    let lineOutputs, lineStep, lineWidth: Int

    var first: Range<Int> { 0..<step }
    var second: Range<Int> { paired..<step + paired }
    var between: Range<Int> { step + paired..<rows }
    /// Rows of weights of a pair of channels.
    var rows: Int { step + 2 * paired }
    /// Steps that they are, and those of a kernel as it came.
    var taps: Int { rows * others }
    var kernelTaps: Int { (step + paired) * others }
    /// Products of a pair of outputs and a pair of channels.
    var products: Int { (2 * step + paired) * others }

    /// Nil where there is no such dimension, or where lines are so long that a pair of them fills the caches.
    init?(_ g: ConvolutionGeometry) {
        guard g.direction == .forward, Self.isFlat(g, 0),
            let axis = [1, 2].first(where: { Self.fits(g, $0) }),
            axis == 1 || Self.isFlat(g, 1)
        else { return nil }
        self.axis = axis
        step = g.stride[axis]
        paired = g.kernel[axis] - step
        if axis == 1 {
            (others, dilation) = (g.kernel.width, g.dilation.width)
            (lineOutputs, lineStep) = (g.outputSize.width, g.stride.width)
        } else {
            (others, dilation, lineOutputs, lineStep) = (1, 1, 1, 1)
        }
        lineWidth = (lineOutputs - 1) * lineStep + (others - 1) * dilation + 1
        guard lineWidth * (2 * step + paired) <= 16_384 else { return nil }
    }

    /// More than a stride, two at most: one tap or two of each residue.
    private static func fits(_ g: ConvolutionGeometry, _ axis: Int) -> Bool {
        let step = g.stride[axis], kernel = g.kernel[axis]
        return (2...8).contains(step) && kernel > step && kernel <= 2 * step
            && g.dilation[axis] == 1
    }

    /// Whether a dimension is not there.
    private static func isFlat(_ g: ConvolutionGeometry, _ axis: Int) -> Bool {
        g.kernel[axis] == 1 && g.inputSize[axis] == 1 && g.paddingBefore[axis] == 0
            && g.paddingAfter[axis] == 0
    }

    /// Where in memory is what some outputs of a channel see: as in ``FilteredLines``.
    struct Layout: Sendable {
        private let filter: StrideFilter
        /// Elements of a line or, of lines of one element, of a residue.
        let width: Int
        /// Elements of what each output sees for itself, and of all.
        let between, count: Int

        /// - Parameter outputs: of the filtered dimension
        init(_ filter: StrideFilter, outputs: Int) {
            self.filter = filter
            let pairs = (outputs + 1) / 2
            width = filter.axis == 1 ? filter.lineWidth : (pairs + 15) / 16 * 16
            let units = filter.axis == 1 ? pairs : 1
            between = 2 * units * filter.step * width
            count = between + units * filter.paired * width
        }

        /// An output's place.
        func place(ofOutput output: Int) -> Int {
            filter.axis == 1
                ? output * filter.step * width : output % 2 * filter.step * width + output / 2
        }

        /// That of what a pair shares.
        func place(ofPair pair: Int) -> Int {
            filter.axis == 1 ? pair * filter.paired * width : pair
        }

        /// Where the steps of some channels look, `[row][channel][tap]`, from the place of an output or, of rows that
        /// are shared, of a pair.
        func offsets(channels: Int) -> [Int32] {
            let own = filter.step + filter.paired
            return (0..<filter.rows).flatMap { row in
                let first =
                    row < own ? row % filter.step * width : between + (row - own) * width
                return (0..<channels).flatMap { channel in
                    (0..<filter.others).map { tap in
                        Int32(channel * count + first + tap * filter.dilation)
                    }
                }
            }
        }
    }

    /// Panels of kernels `[channel][tap][output channel]` to those of rows `[row][channel][tap][output channel]`.
    func filter<Scalar: TensorScalar>(
        _ kernels: UnsafePointer<Scalar>, channels: Int, width: Int,
        to panel: UnsafeMutablePointer<Scalar>
    ) {
        let own = step + paired, line = others * width
        for row in 0..<rows {
            for channel in 0..<channels {
                let kernel = kernels + channel * own * line
                let to = panel + (row * channels + channel) * line
                if row < own {
                    to.update(from: kernel + row * line, count: line)
                } else {
                    let (a, b) = (kernel + (row - own) * line, kernel + (row - own + step) * line)
                    for i in 0..<line { to[i] = a[i] + b[i] }
                }
            }
        }
    }
}
