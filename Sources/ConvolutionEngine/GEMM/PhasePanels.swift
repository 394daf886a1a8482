// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Panels of some channels of the weights of a transposed convolution `[phase][panel][channel][tap of the phase][mr]`.
struct PhasePanels<Scalar: TensorScalar> {
    var channels: Int
    private let phases: [[Int]]
    /// Panels of each phase that lie together.
    private let perPhase: Int
    private let kernels: GEMMKernels<Scalar>
    /// Where the first channel's weights go, relative to the first panel, and the way to the next.
    private var places, steps: [Int]

    /// - Parameter phases: the taps of each, all of the kernel's together
    init(_ phases: [[Int]], channels: Int, perPhase: Int, _ kernels: GEMMKernels<Scalar>) {
        (self.phases, self.channels, self.perPhase) = (phases, channels, perPhase)
        self.kernels = kernels
        places = Array(
            repeating: 0, count: phases.reduce(0) { $0 + $1.count } + kernels.mr)
        steps = places
    }

    private var taps: Int { places.count - kernels.mr }

    /// From weights `[channel][m][taps]`.
    ///
    /// - Parameters:
    ///   - weights: those of the first channel and row
    ///   - rows: at most those of a panel; where each phase has one, as many as there are of whole panels, which follow
    ///     each other
    ///   - panel: which of each phase's
    ///   - panels: the first panel of the first phase
    mutating func pack(
        _ weights: UnsafePointer<Scalar>, m: Int, rows: Int, panel: Int = 0,
        to panels: UnsafeMutablePointer<Scalar>
    ) {
        if rows == 0 { return }
        let mr = kernels.mr
        var first = 0
        for phase in phases {
            for (i, tap) in phase.enumerated() {
                places[tap] = first + (panel * channels * phase.count + i) * mr
                steps[tap] = phase.count * mr
            }
            first += perPhase * channels * phase.count * mr
        }
        for i in taps..<places.count { (places[i], steps[i]) = (places[0], steps[0]) }
        var operands = TapWeights(
            weights: weights, channelStride: m * taps, channels: channels, rows: rows, taps: taps,
            panels: panels, places: &places, steps: steps)
        operands.panelPitch = channels * taps * mr
        kernels.packTapWeights(operands)
    }
}
