// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The first call of a layer beside the next nine. Each plans, packs the weights and allocates its
/// output, as a request does; memory that earlier layers worked in is there already.
struct FirstCalls {
    private let name: String
    private let algorithm: String
    private let first: Double
    private let next: Double

    init(_ data: BenchData, _ algorithm: Algorithm?, threads: Int) {
        let times = (0..<10).map { _ in
            clocked {
                let plan = data.plan(algorithm, threads: threads)
                let weights = plan.prepare(data.weight.widened(), bias: nil, use: .once)
                _ = plan.run(data.input.widened(), weights).rounded(to: data.dtype)
            }
        }
        name = data.layer.name
        self.algorithm = data.plan(algorithm, threads: threads).algorithm.name
        first = times[0] * 1e3
        next = times[1...].sorted()[4] * 1e3
    }

    static let heading = BenchText.columns(
        "# layer", "algorithm", ["first ms", "next ms", "ratio"])

    /// A line of the table.
    var line: String {
        BenchText.columns(
            name, algorithm,
            [
                BenchText.fixed(first, 4), BenchText.fixed(next, 4),
                BenchText.fixed(first / next, 2),
            ])
    }

    /// The same as one JSON object.
    var json: String {
        """
        {"name": \(BenchText.quoted(name)), "algorithm": "\(algorithm)", \
        "first_ms": \(BenchText.fixed(first, 6)), "next_ms": \(BenchText.fixed(next, 6)), \
        "ratio": \(BenchText.fixed(first / next, 3))}
        """
    }
}
