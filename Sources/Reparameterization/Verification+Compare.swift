// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension Verification {
    /// Three runs behind the first one, fewer where they take long.
    static let timedRuns = 3
    static let longRunSeconds = 0.5

    /// Runs both in turns, and compares the outputs of the first run.
    static func compare(
        _ layers: UnfusedLayers, _ fused: BoundConvolution, _ input: Tensor,
        _ tolerance: Difference.Tolerance, _ convolve: ConvolutionRunner
    ) throws(ConvolutionError) -> Verification {
        let start = ContinuousClock.now
        let (unfusedOutput, firstUnfused) = try timed { () throws(ConvolutionError) in
            try layers.output(input, convolve)
        }
        let (fusedOutput, firstFused) = try timed { () throws(ConvolutionError) in
            try fused.output(input, convolve)
        }
        var times = [(unfused: firstUnfused, fused: firstFused)]
        while times.count <= timedRuns, start.duration(to: .now) < .seconds(longRunSeconds) {
            let (_, unfused) = try timed { () throws(ConvolutionError) in
                try layers.output(input, convolve)
            }
            let (_, one) = try timed { () throws(ConvolutionError) in
                try fused.output(input, convolve)
            }
            times.append((unfused, one))
        }
        if times.count > 1 { times.removeFirst() }
        let difference = Difference(
            unfusedOutput, fusedOutput, spatialRank: layers.spatialRank, tolerance)
        return Verification(
            maxAbsDiff: difference.absolute, maxRelDiff: difference.relative,
            unfusedMilliseconds: median(times.map(\.unfused)),
            fusedMilliseconds: median(times.map(\.fused)), allClose: difference.allClose)
    }

    private static func timed(
        _ work: () throws(ConvolutionError) -> Tensor
    ) throws(ConvolutionError) -> (Tensor, milliseconds: Double) {
        let start = ContinuousClock.now
        let output = try work()
        return (output, start.duration(to: .now) / .milliseconds(1))
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }
}
