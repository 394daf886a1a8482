// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// How far two outputs of one shape are apart. A NaN in either stays in the figures.
struct Difference {
    /// The defaults of `torch.allclose`.
    static let relativeTolerance = 1e-5
    static let absoluteTolerance = 1e-8

    private(set) var absolute = 0.0
    private(set) var relative = 0.0
    private(set) var allClose = true

    /// Compares channel by channel, over the whole batch.
    init(_ a: Tensor, _ b: Tensor, spatialRank: Int) {
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
        let tolerance = Self.absoluteTolerance + Self.relativeTolerance * scale
        if !(difference <= tolerance) { allClose = false }
    }

    /// The larger one, or NaN if one is.
    private static func larger(_ a: Double, _ b: Double) -> Double {
        a.isNaN || b.isNaN ? .nan : max(a, b)
    }
}
