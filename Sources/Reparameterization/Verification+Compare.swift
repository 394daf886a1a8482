// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension Verification {
    /// Three runs behind the first one, fewer where they take long.
    static let timedRuns = 3
    static let longRunSeconds = 0.5

    /// Runs both in turns, and compares the outputs of the first run.
    static func compare(
        _ layers: LayerForm, _ fused: LayerForm, _ input: Tensor, spatialRank: Int,
        _ tolerance: Difference.Tolerance, _ convolve: ConvolutionRunner
    ) throws(ConvolutionError) -> Verification {
        func run(
            _ form: LayerForm
        ) throws(ConvolutionError) -> (output: Tensor, milliseconds: Double) {
            let start = ContinuousClock.now
            let output = try form.output(input, spatialRank: spatialRank, convolve)
            return (output, start.duration(to: .now) / .milliseconds(1))
        }
        let start = ContinuousClock.now
        let (unfusedOutput, firstUnfused) = try run(layers)
        let (fusedOutput, firstFused) = try run(fused)
        var times = [(unfused: firstUnfused, fused: firstFused)]
        while times.count <= timedRuns, start.duration(to: .now) < .seconds(longRunSeconds) {
            times.append((try run(layers).milliseconds, try run(fused).milliseconds))
        }
        if times.count > 1 { times.removeFirst() }
        let difference = Difference(
            unfusedOutput, fusedOutput, spatialRank: spatialRank, tolerance)
        return Verification(
            maxAbsDiff: difference.absolute, maxRelDiff: difference.relative,
            unfusedMilliseconds: median(times.map(\.unfused)),
            fusedMilliseconds: median(times.map(\.fused)),
            unfusedMultiplyAccumulates: layers.multiplyAccumulates,
            fusedMultiplyAccumulates: fused.multiplyAccumulates, allClose: difference.allClose)
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }
}
