// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// What one makes a geometry of; rows of the tests change one thing of it.
struct GeometryCase: Sendable {
    var direction = ConvolutionGeometry.Direction.forward
    var spatialRank = 2
    var input = [2, 6, 13, 11]
    var weight = [10, 3, 5, 3]
    var bias: [Int]? = [10]
    var options = ConvolutionOptions()

    /// A grouped 2-d convolution of awkward primes.
    static let forward = {
        var base = GeometryCase()
        base.options.groups = 2
        return base
    }()

    /// The same with its weight for the transposed operator.
    static let transposed = {
        var base = GeometryCase.forward
        base.direction = .transposed
        base.weight = [6, 5, 5, 3]
        base.options.stride = [2, 3]
        return base
    }()

    /// A plain one-channel image and kernel.
    static let plain = {
        var base = GeometryCase()
        base.input = [13, 11]
        base.weight = [5, 3]
        base.bias = nil
        return base
    }()

    /// The least of 1-d.
    static let line = GeometryCase.single(
        .forward, input: 5, kernel: 3, stride: 1, dilation: 1, padding: 0)

    /// One spatial dimension, one channel, and symmetric padding.
    static func single(
        _ direction: ConvolutionGeometry.Direction, input: Int, kernel: Int, stride: Int,
        dilation: Int, padding: Int, outputPadding: Int = 0
    ) -> GeometryCase {
        var single = GeometryCase(
            direction: direction, spatialRank: 1, input: [1, 1, input], weight: [1, 1, kernel],
            bias: nil)
        single.options.stride = [stride]
        single.options.dilation = [dilation]
        single.options.padding = .symmetric([padding])
        single.options.outputPadding = [outputPadding]
        return single
    }

    func geometry() throws(ConvolutionError) -> ConvolutionGeometry {
        try ConvolutionGeometry(
            direction, spatialRank: spatialRank, input: input, weight: weight, bias: bias,
            options: options)
    }

    /// The spatial sizes of the output, or nil for a refusal.
    var outputSizes: [Int]? {
        (try? geometry()).map { Array($0.outputShape.suffix(spatialRank)) }
    }
}
