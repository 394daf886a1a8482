// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// The output of one layer by one algorithm.
struct PlanContestant: BenchContestant {
    private let plan: ConvolutionPlan
    private let data: BenchData
    private let ready: ConvolutionPlan.PreparedWeights?
    /// The same memory for each call; nil for tensors of 16 bits, whose output is a copy anyway.
    private let storage: TensorStorage?

    init(_ data: BenchData, _ algorithm: Algorithm?, threads: Int, prepared: Bool) {
        self.data = data
        plan = data.plan(algorithm, threads: threads)
        ready = prepared ? plan.prepare(data.weight.widened(), bias: nil) : nil
        storage =
            data.dtype == plan.dtype
            ? TensorStorage(byteCount: data.geometry.outputCount * data.dtype.byteCount) : nil
    }

    var algorithm: String { plan.algorithm.name }

    func call() {
        guard let storage else {
            _ = output()
            return
        }
        plan.run(
            data.input, ready ?? plan.prepare(data.weight, bias: nil, use: .once),
            into: storage.bytes)
    }

    func error() -> SampledError {
        SampledError(
            data.geometry, input: data.input, weight: data.weight, output: output())
    }

    /// Tensors of 16 bits are widened before the run and rounded behind it.
    private func output() -> Tensor {
        let weights = ready ?? plan.prepare(data.weight.widened(), bias: nil, use: .once)
        return plan.run(data.input.widened(), weights).rounded(to: data.dtype)
    }
}
