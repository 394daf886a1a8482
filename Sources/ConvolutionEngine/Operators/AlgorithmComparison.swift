// SPDX-License-Identifier: Apache-2.0

/// Algorithms side by side on the same operands: time, memory, error.
///
/// The error is that against the same convolution in float64, by the algorithm that is the fastest
/// there; for float64 operands it tells how far orders of summation are apart.
public struct AlgorithmComparison: Sendable {
    /// What one algorithm did.
    public struct Row: Sendable {
        /// Which.
        public let algorithm: Algorithm
        /// Median of the runs, packing of the weights and the border's copy included.
        public let seconds: Double
        /// Working memory of a run.
        public let scratchByteCount: Int
        /// Largest difference; equal infinities do not differ, a NaN on one side only is NaN.
        public let maxAbsError: Double
        /// The same, relative to the largest finite magnitude of the output.
        public let maxRelError: Double
    }

    /// One for each algorithm, in the order asked for.
    public let rows: [Row]

    /// Runs each at least ``fewestRuns`` times, more until ``secondsEach`` have passed.
    ///
    /// - Parameters:
    ///   - convolution: with any algorithm
    ///   - algorithms: ones that can do its geometry, at least one
    /// - Throws: ``ConvolutionError`` for one that cannot
    public init(
        _ convolution: Convolution, _ operands: Convolution.Operands, algorithms: [Algorithm]
    ) throws(ConvolutionError) {
        let candidates = try Self.candidates(convolution, algorithms)
        let wide = operands.mapped { $0.converted(to: .float64) }
        let judge = try Self.with(nil, convolution).run(wide).output
        rows = candidates.map { Self.row($0, operands, judge) }
    }

    /// Median of three.
    public static let fewestRuns = 3
    /// A tenth of a second, or eleven runs.
    private static let secondsEach = 0.1
    private static let mostRuns = 11

    private static func candidates(
        _ convolution: Convolution, _ algorithms: [Algorithm]
    ) throws(ConvolutionError) -> [Convolution] {
        var candidates: [Convolution] = []
        for algorithm in algorithms { candidates.append(try with(algorithm, convolution)) }
        return candidates
    }

    private static func with(
        _ algorithm: Algorithm?, _ convolution: Convolution
    ) throws(ConvolutionError) -> Convolution {
        var options = convolution.options
        options.algorithm = algorithm
        return try Convolution(convolution.geometry, options: options)
    }

    private static func row(
        _ candidate: Convolution, _ operands: Convolution.Operands, _ judge: Tensor
    ) -> Row {
        let clock = ContinuousClock()
        var times: [Double] = []
        var result: Convolution.Result
        repeat {
            let begin = clock.now
            result = candidate.run(operands)
            times.append((clock.now - begin) / .seconds(1))
        } while times.count < fewestRuns
            || (times.count < mostRuns && times.reduce(0, +) < secondsEach)
        let (absolute, relative) = errors(result.output, judge)
        return Row(
            algorithm: candidate.algorithm, seconds: times.sorted()[times.count / 2],
            scratchByteCount: result.scratchByteCount, maxAbsError: absolute,
            maxRelError: relative)
    }

    private static func errors(
        _ output: Tensor, _ judge: Tensor
    ) -> (absolute: Double, relative: Double) {
        let found = output.converted(to: .float64)
        return found.withElements(of: Double.self) { found in
            judge.withElements(of: Double.self) { expected in
                var largest = 0.0
                var scale = 0.0
                for (a, e) in zip(found, expected) where !(a == e || (a.isNaN && e.isNaN)) {
                    let difference = abs(a - e)
                    largest = difference.isNaN || largest.isNaN ? .nan : max(largest, difference)
                }
                for e in expected where e.isFinite { scale = max(scale, abs(e)) }
                return (largest, largest == 0 ? 0 : largest / scale)
            }
        }
    }
}

extension Convolution.Operands {
    /// The same with each tensor changed.
    func mapped(_ change: (Tensor) -> Tensor) -> Convolution.Operands {
        Convolution.Operands(
            input: change(input), weight: change(weight), bias: bias.map(change),
            add: add.map(change))
    }
}
