// SPDX-License-Identifier: Apache-2.0

import KernelInterface
import Synchronization

/// Plans of the shapes that were asked for lately: a service is asked for the same ones again and again, and a
/// plan takes as long as the sums of the smallest.
package final class PlanCache: Sendable {
    static let shared = PlanCache(capacity: 128)

    private struct Key: Hashable {
        let geometry: ConvolutionGeometry
        let dtype: DType
        let algorithm: Algorithm
        let precision: Precision
        let kernels: String
        let threads: Int
    }
    private struct Entry {
        let plan: ConvolutionPlan
        var lastUse: Int
    }
    private struct State {
        var entries: [Key: Entry] = [:]
        var uses = 0
    }
    private let state = Mutex(State())
    private let capacity: Int

    package init(capacity: Int) { self.capacity = capacity }

    /// Plans that are kept.
    package var count: Int { state.withLock { $0.entries.count } }

    /// A plan that was made before, or a new one, in whose place the one that was not used for longest goes.
    package func plan(
        _ geometry: ConvolutionGeometry, dtype: DType, algorithm: Algorithm, precision: Precision,
        kernels: KernelTable, threads: Int
    ) -> ConvolutionPlan {
        func make() -> ConvolutionPlan {
            ConvolutionPlan(
                geometry, dtype: dtype, algorithm: algorithm, precision: precision,
                kernels: kernels, threads: threads)
        }
        guard geometry.kernel.count <= Self.mostTaps else { return make() }
        let key = Key(
            geometry: geometry, dtype: dtype, algorithm: algorithm, precision: precision,
            kernels: kernels.name, threads: threads)
        let known = state.withLock { state -> ConvolutionPlan? in
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return state.entries[key]?.plan
        }
        if let known { return known }
        let plan = make()
        state.withLock { state in
            if state.entries.count >= capacity,
                let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.entries[oldest.key] = nil
            }
            state.entries[key] = Entry(plan: plan, lastUse: state.uses)
        }
        return plan
    }

    /// Plans have tables of the taps: those of large kernels are not kept, so that all take a few megabytes.
    private static var mostTaps: Int { 1024 }
}
