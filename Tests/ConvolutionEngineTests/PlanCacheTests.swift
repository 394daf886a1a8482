// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import Testing
import TestSupport

@Suite("A shape that comes again")
struct PlanCacheTests {
    private static func geometry(width: Int) throws -> ConvolutionGeometry {
        try ConvolutionGeometry(
            .forward, spatialRank: 2, input: [1, 2, 9, width], weight: [3, 2, 3, 3], bias: nil,
            options: ConvolutionOptions())
    }

    private static func plan(_ cache: PlanCache, _ geometry: ConvolutionGeometry, _ dtype: DType)
        -> ConvolutionPlan
    {
        cache.plan(
            geometry, dtype: dtype, algorithm: .im2col, precision: .standard, kernels: .best,
            threads: 2)
    }

    @Test("has its plan, for each dtype one, and the one not used for longest goes")
    func plans() throws {
        let cache = PlanCache(capacity: 3)
        let first = try Self.geometry(width: 20)
        for dtype in [DType.float32, .float64, .float32] {
            let plan = Self.plan(cache, first, dtype)
            #expect(plan.geometry == first)
            #expect(plan.dtype == dtype)
        }
        #expect(cache.count == 2)
        for width in 21..<40 {
            let geometry = try Self.geometry(width: width)
            #expect(Self.plan(cache, geometry, .float32).geometry == geometry)
            #expect(Self.plan(cache, first, .float32).geometry == first)
            #expect(cache.count == 3)
        }
    }

    @Test("plans of kernels with thousands of taps are not kept")
    func largeKernels() throws {
        let cache = PlanCache(capacity: 3)
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 1, input: [1, 1, 9000], weight: [1, 1, 2000], bias: nil,
            options: ConvolutionOptions())
        #expect(Self.plan(cache, geometry, .float32).geometry == geometry)
        #expect(cache.count == 0)
    }

    /// Scratch memory, packed weights and the output are all there is; the first two come from the pool.
    @Test("takes no new memory for what it works with", arguments: Algorithm.allCases)
    func memory(algorithm: Algorithm) throws {
        let pool = ScratchPool(keptByteCount: 1 << 28)
        let direction: ConvolutionGeometry.Direction =
            [.stridePhases, .columnScatter].contains(algorithm) ? .transposed : .forward
        let geometry = try ConvolutionGeometry(
            direction, spatialRank: 2, input: [1, 32, 30, 30], weight: [32, 32, 3, 3], bias: nil,
            options: ConvolutionOptions())
        let input = Tensor.random(geometry.inputShape, .float32, seed: 1)
        let weight = Tensor.random(geometry.weightShape, .float32, seed: 2)
        let output = TensorStorage(byteCount: geometry.outputCount * 4)
        let plan = ConvolutionPlan(geometry, dtype: .float32, algorithm: algorithm)
        for use in [WeightUse.once, .often] {
            var made: [Int] = []
            for _ in 0..<3 {
                ScratchPool.$shared.withValue(pool) {
                    let weights = plan.prepare(weight, bias: nil, use: use)
                    plan.run(input, weights, into: output.bytes)
                }
                made.append(pool.madeCount)
            }
            #expect(made[1] == made[0] && made[2] == made[0], "\(algorithm) \(use) \(made)")
        }
    }
}
