// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// One dimension of minimal filtering: how the outputs of a tile come from its values.
///
/// A convolution of stride 1 has one filter. The outputs of a transposed one with stride s fall into s phases
/// (``StridePhases``), each a convolution of stride 1 by every s-th tap, with a filter of its own; a tile has
/// as many outputs of each. With p the padding, o + p = s·u + r and n taps k = r, r + s, ...
///
///     out[o] = Σ_j w[r + s·j] · in[u − j]
///
/// so phases with as many taps look at the same inputs, if tiles begin at a multiple of s in o + p. They share
/// the transformed values then; what the first tile makes in front of the output, `lead` outputs, is dropped.
struct WinogradAxis: Sendable {
    /// Outputs that a filter makes of every s-th tap.
    struct Phase: Sendable {
        /// Its place among the phases.
        let index: Int
        let filter: WinogradFilter
        /// The filter's tap i is the kernel's tap `firstTap + i·tapStep`.
        let firstTap, tapStep: Int
        /// Its output i is the tile's output `firstOutput + i·outputStep`.
        let firstOutput, outputStep: Int
        /// The first of its products among the tile's, and of its points among those of the input.
        let firstPoint, firstInputPoint: Int
        /// The first of its points among those of the weights.
        let firstWeightPoint: Int

        /// The point of the weights that belongs to one of its products.
        func weightPoint(_ product: Int) -> Int {
            firstWeightPoint + min(product, filter.weightPoints - 1)
        }
    }

    /// A transform of values that phases share.
    struct Reading: Sendable {
        let step: WinogradStep
        /// The value of the tile that it reads first; the others follow.
        let firstValue: Int
        /// The first of its points among the tile's.
        let firstPoint: Int
    }

    /// The numbers of it: plain bits, since counting references to the lists would cross between the cores.
    struct Sizes: Sendable {
        /// Outputs of a tile.
        let outputs: Int
        /// From a tile's first value to the next tile's.
        let advance: Int
        /// Values that a tile reads, points that they become, and products with the weights'.
        let values, inputPoints, points: Int
        /// Points that the kernel becomes.
        let weightPoints: Int
        /// Where the first tile's first value is in the input: before it, if negative.
        let origin: Int
        /// Outputs of the first tile that are in front of the output.
        let lead: Int
    }

    let phases: [Phase]
    let readings: [Reading]
    let sizes: Sizes

    /// Nil where no filter fits.
    init?(_ g: ConvolutionGeometry, _ dimension: Int, precision: Precision) {
        let kernel = g.kernel[dimension], step = g.stride[dimension]
        let isTransposed = g.direction == .transposed
        guard isTransposed ? step <= min(8, kernel) : step == 1,
            !isTransposed || kernel == 1 || g.dilation[dimension] == 1,
            let filters = Self.filters(
                kernel / step...(kernel + step - 1) / step, step: step, precision)
        else { return nil }
        let advance = filters[0].outputs, outputs = step * advance
        if !isTransposed {
            let filter = filters[0]
            phases = [
                Phase(
                    index: 0, filter: filter, firstTap: 0, tapStep: 1, firstOutput: 0,
                    outputStep: 1, firstPoint: 0, firstInputPoint: 0, firstWeightPoint: 0)
            ]
            readings = [Reading(step: filter.input, firstValue: 0, firstPoint: 0)]
            sizes = Sizes(
                outputs: outputs, advance: advance, values: filter.points,
                inputPoints: filter.points, points: filter.points,
                weightPoints: filter.weightPoints, origin: -g.paddingBefore[dimension], lead: 0)
            return
        }
        let lead = Self.lead(g, dimension, outputs: outputs)
        // Of the first outputs of a tile: r, the filter, and the input that its first value is of the first tile.
        let places = (0..<step).map { first in
            let at = first - lead + g.paddingBefore[dimension]
            let taps = (kernel - at % step + step - 1) / step
            let filter = filters.first { $0.taps == taps }!
            return (r: at % step, filter: filter, value: at / step - taps + 1 - filter.skipped)
        }
        let origin = places.map(\.value).min()!
        var phases: [Phase] = [], readings: [Reading] = []
        var points = 0, inputPoints = 0, weightPoints = 0, values = 0
        for (first, place) in places.enumerated() {
            let filter = place.filter, value = place.value - origin
            let known = readings.first { $0.step == filter.input && $0.firstValue == value }
            let reading =
                known ?? Reading(step: filter.input, firstValue: value, firstPoint: inputPoints)
            if known == nil {
                readings.append(reading)
                inputPoints += filter.skipped + filter.points
                values = max(values, value + filter.skipped + filter.points)
            }
            phases.append(
                Phase(
                    index: first, filter: filter, firstTap: place.r + (filter.taps - 1) * step,
                    tapStep: -step,
                    firstOutput: first, outputStep: step, firstPoint: points,
                    firstInputPoint: reading.firstPoint + filter.skipped,
                    firstWeightPoint: weightPoints))
            points += filter.points
            weightPoints += filter.weightPoints
        }
        (self.phases, self.readings) = (phases, readings)
        sizes = Sizes(
            outputs: outputs, advance: advance, values: values, inputPoints: inputPoints,
            points: points, weightPoints: weightPoints, origin: origin, lead: lead)
    }

    /// Filters of as many outputs for all these numbers of taps. Six points round worse than `strict` allows,
    /// and so do five; a single kernel of two taps saves too little.
    private static func filters(
        _ taps: ClosedRange<Int>, step: Int, _ precision: Precision
    ) -> [WinogradFilter]? {
        let isStrict = precision == .strict
        return switch (taps.lowerBound, taps.upperBound) {
        case (1, 1): [.none]
        case (3, 3): [isStrict ? .f23 : .f43]
        case (1, 2) where !isStrict: [.f42, .f41]
        case (2, 2) where !isStrict && step > 1: [.f42]
        case (2, 3) where !isStrict: [.f43, .f42OfSix]
        case (5, 5) where !isStrict: [.f25]
        default: nil
        }
    }

    /// What is dropped so that phases share their inputs: nothing, where it takes a tenth more tiles, or where
    /// phases of one tap or two have no transform to share.
    private static func lead(_ g: ConvolutionGeometry, _ dimension: Int, outputs: Int) -> Int {
        let step = g.stride[dimension], size = g.outputSize[dimension]
        let lead = g.paddingBefore[dimension] % step
        let tiles = (size + outputs - 1) / outputs, more = (size + lead + outputs - 1) / outputs
        return g.kernel[dimension] >= 2 * step && 10 * more <= 11 * tiles ? lead : 0
    }

    private func phase(of point: Int) -> Phase { phases.last { $0.firstPoint <= point }! }

    /// The point of the weights that belongs to each product's.
    func weightPoint(_ point: Int) -> Int {
        let phase = phase(of: point)
        return phase.weightPoint(point - phase.firstPoint)
    }

    /// Whether a product is saved.
    var saves: Bool { phases.contains { $0.filter.taps > 1 } }

    /// The point of the input that belongs to each product's.
    func inputPoint(_ point: Int) -> Int {
        let phase = phase(of: point)
        return phase.firstInputPoint + point - phase.firstPoint
    }
}
