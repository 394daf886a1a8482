// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// One way to compute something of a layer, to be called again and again.
protocol BenchContestant {
    /// The algorithm's name.
    var algorithm: String { get }

    /// Computes it once.
    func call()

    /// Computes it once, and how far it is off.
    func error() -> SampledError
}
