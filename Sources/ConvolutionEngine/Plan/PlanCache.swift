// SPDX-License-Identifier: Apache-2.0

import KernelInterface
import Synchronization

/// Plans of the shapes that were asked for lately: a service is asked for the same ones again and again, and a
/// plan takes as long as the sums of the smallest.
package final class PlanCache: Sendable {
    static let shared = PlanCache(capacity: 128)

    private struct Key: Hashable {
        let geometry: ConvolutionGeometry
        let variant: PlanVariant
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
        guard Self.keeps(geometry) else { return make() }
        let key = Key(
            geometry: geometry,
            variant: PlanVariant(
                dtype: dtype, algorithm: algorithm, precision: precision, kernels: kernels.name,
                threads: threads))
        let known = state.withLock { state -> ConvolutionPlan? in
            state.uses += 1
            guard let index = state.entries.index(forKey: key) else { return nil }
            state.entries.values[index].lastUse = state.uses
            return state.entries.values[index].plan
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
    fileprivate static func keeps(_ geometry: ConvolutionGeometry) -> Bool {
        geometry.kernel.count <= 1024
    }
}

/// All that a plan depends on beside its geometry.
private struct PlanVariant: Hashable {
    let dtype: DType
    let algorithm: Algorithm
    let precision: Precision
    let kernels: String
    let threads: Int
}

/// The last plan of one geometry: to compare its variant takes a tenth of the time that the cache takes to
/// find it by all its sizes.
final class PlanMemo: Sendable {
    private let last = Mutex<(variant: PlanVariant, plan: ConvolutionPlan)?>(nil)

    /// The plan, of this memo or of the cache. The geometry is always the same; it is asked for only if need be, since
    /// a copy of it takes as long as the rest.
    func plan(
        _ geometry: @autoclosure () -> ConvolutionGeometry, dtype: DType, algorithm: Algorithm,
        precision: Precision, kernels: KernelTable, threads: Int
    ) -> ConvolutionPlan {
        let variant = PlanVariant(
            dtype: dtype, algorithm: algorithm, precision: precision, kernels: kernels.name,
            threads: threads)
        let known = last.withLock { $0?.variant == variant ? $0?.plan : nil }
        return known ?? make(geometry(), variant, kernels)
    }

    @inline(never) private func make(
        _ geometry: ConvolutionGeometry, _ variant: PlanVariant, _ kernels: KernelTable
    ) -> ConvolutionPlan {
        let plan = PlanCache.shared.plan(
            geometry, dtype: variant.dtype, algorithm: variant.algorithm,
            precision: variant.precision, kernels: kernels, threads: variant.threads)
        if PlanCache.keeps(geometry) { last.withLock { $0 = (variant, plan) } }
        return plan
    }
}
