// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// How far two outputs of one shape are apart. A NaN in either stays in the figures.
struct Difference {
    /// How far two outputs that are close may be apart.
    struct Tolerance {
        let relative: Double
        let absolute: Double

        /// The defaults of `torch.allclose`, and of `torch.testing.assert_close` for weights of 16 bits,
        /// whose rounding alone (2^-11, 2^-8) is more than those allow.
        init(storedAs dtype: DType) {
            switch dtype {
            case .float32, .float64: (relative, absolute) = (1e-5, 1e-8)
            case .float16: (relative, absolute) = (1e-3, 1e-5)
            case .bfloat16: (relative, absolute) = (1.6e-2, 1e-5)
            }
        }
    }

    private(set) var absolute = 0.0
    private(set) var relative = 0.0
    private(set) var allClose = true
    private let tolerance: Tolerance

    /// Compares channel by channel, over the whole batch.
    init(_ a: Tensor, _ b: Tensor, spatialRank: Int, _ tolerance: Tolerance) {
        self.tolerance = tolerance
        precondition(a.shape == b.shape, "\(a.shape) and \(b.shape)")
        let (left, right) = (a.doubles, b.doubles)
        let pixels = a.shape.suffix(spatialRank).reduce(1, *)
        let channels = a.shape[a.shape.count - spatialRank - 1]
        guard !left.isEmpty else { return }
        for channel in 0..<channels {
            let rows = stride(from: channel, to: left.count / pixels, by: channels)
            addChannel(left, right, rows.lazy.map { $0 * pixels..<($0 + 1) * pixels })
        }
    }

    private mutating func addChannel(
        _ left: [Double], _ right: [Double], _ rows: some Sequence<Range<Int>>
    ) {
        var difference = 0.0
        var scale = 0.0
        for index in rows.joined() {
            // Equal infinities do not differ.
            let gap = left[index] == right[index] ? 0 : abs(left[index] - right[index])
            difference = Self.larger(difference, gap)
            scale = Self.larger(scale, max(abs(left[index]), abs(right[index])))
        }
        absolute = Self.larger(absolute, difference)
        relative = Self.larger(relative, difference == 0 ? 0 : difference / scale)
        if !(difference <= tolerance.absolute + tolerance.relative * scale) { allClose = false }
    }

    /// The larger one, or NaN if one is.
    private static func larger(_ a: Double, _ b: Double) -> Double {
        a.isNaN || b.isNaN ? .nan : max(a, b)
    }
}
