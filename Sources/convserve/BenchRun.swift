// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Dispatch

/// Times one layer.
struct BenchRun {
    let layer: BenchLayer
    let seconds: Double
    let threads: Int
    let prepared: Bool

    func measure() throws -> BenchResult {
        let geometry = try layer.geometry(), dtype = try layer.elementType()
        let plan = ConvolutionPlan(geometry, dtype: dtype.computed, threads: threads)
        let input = Tensor.noise(layer.input, dtype, seed: 1)
        let weight = Tensor.noise(layer.weight, dtype, seed: 2)
        let ready = prepared ? plan.prepare(weight.widened(), bias: nil) : nil
        let before = peakRate(dtype)
        let times = time(running(plan, input, weight, ready))
        let peak = max(before, peakRate(dtype))
        return BenchResult(
            name: layer.name, algorithm: plan.algorithm.name,
            milliseconds: times[times.count / 2] * 1e3, leastMilliseconds: times[0] * 1e3,
            operations: 2 * Double(geometry.multiplyAccumulates), peak: peak)
    }

    /// One call: into the same memory again and again, or with tensors of 16 bits widened before it and
    /// rounded behind it.
    private func running(
        _ plan: ConvolutionPlan, _ input: Tensor, _ weight: Tensor,
        _ ready: ConvolutionPlan.PreparedWeights?
    ) -> () -> Void {
        guard input.dtype == plan.dtype else {
            return {
                let weights = ready ?? plan.prepare(weight.widened(), bias: nil)
                _ = plan.run(input.widened(), weights).rounded(to: input.dtype)
            }
        }
        let output = TensorStorage(byteCount: plan.geometry.outputCount * plan.dtype.byteCount)
        return { plan.run(input, ready ?? plan.prepare(weight, bias: nil), into: output.bytes) }
    }

    /// Sorted times of many calls, in seconds; the first three do not count.
    private func time(_ call: () -> Void) -> [Double] {
        for _ in 0..<3 { call() }
        var times: [Double] = []
        let start = now()
        while times.count < 3 || (now() - start < seconds && times.count < 5000) {
            let begin = now()
            call()
            times.append(now() - begin)
        }
        return times.sorted()
    }

    /// Operations a second of multiply-adds on registers, on as many cores: the best of eleven runs,
    /// since whatever else the machine does can only make it less.
    private func peakRate(_ dtype: DType) -> Double {
        (0..<11).reduce(0) { best, _ in
            let begin = now()
            let operations = InstructionSet.current.kernels!.runPeak(
                dtype: dtype, threads: threads, rounds: 200_000)
            return max(best, Double(operations) / (now() - begin))
        }
    }

    private func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
}

extension Tensor {
    /// Sums of four uniform numbers around 0: near enough to a normal distribution.
    fileprivate static func noise(_ shape: [Int], _ dtype: DType, seed: UInt64) -> Tensor {
        switch dtype {
        case .float32: noise(shape, of: Float.self, seed: seed)
        case .float64: noise(shape, of: Double.self, seed: seed)
        case .float16, .bfloat16: noise(shape, of: Float.self, seed: seed).rounded(to: dtype)
        }
    }

    private static func noise<Scalar: TensorScalar>(
        _ shape: [Int], of _: Scalar.Type, seed: UInt64
    ) -> Tensor {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return Tensor(shape: shape, of: Scalar.self) { elements in
            for i in elements.indices {
                var sum = -2.0
                for _ in 0..<4 {
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    sum += Double(state >> 11) * 0x1p-53
                }
                elements.initializeElement(at: i, to: Scalar(sum))
            }
        }
    }
}
