// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import KernelInterface
import TestSupport

/// One geometry with data and the right answer, to run algorithms on.
struct Trial {
    let geometry: ConvolutionGeometry
    let dtype: DType
    var input: Tensor
    var weight: Tensor
    var bias: Tensor?
    var tolerance: Tolerance
    var precision = Precision.standard
    private var expected: [Double]

    init(_ row: ConvolutionCase, _ dtype: DType, seed: UInt64, integers: Bool = false) throws {
        let make = integers ? Tensor.randomIntegers : Tensor.random
        geometry = try row.geometry
        self.dtype = dtype
        input = make(row.input, dtype, seed)
        weight = make(row.weight, dtype, seed + 1000)
        bias = row.bias ? make([geometry.outputChannels], dtype, seed + 2000) : nil
        tolerance = AlgorithmTests.tolerance(dtype)
        expected = Convolve.reference(geometry, input: input, weight: weight, bias: bias)
    }

    /// Every algorithm of the geometry's direction, and those besides that can do it.
    var algorithms: [Algorithm] {
        let always: [Algorithm] =
            geometry.direction == .transposed
            ? [.stridePhases, .columnScatter, .kernelMatrix]
            : [.im2col, .slidingWindow, .direct, .kernelMatrix, .fft]
        return always
            + Algorithm.able(for: geometry, precision: precision).filter { !always.contains($0) }
    }

    /// Six points of minimal filtering round; whole numbers do not stay whole.
    private func tolerance(of algorithm: Algorithm) -> Tolerance {
        let factor: Double = algorithm == .winograd && precision == .standard ? 5 : 1
        return Tolerance(relative: factor * tolerance.relative)
    }

    /// Puts values among the input's elements.
    mutating func plant(_ values: [Double]) {
        var elements = input.doubles
        guard elements.count > values.count else { return }
        for (i, value) in values.enumerated() {
            elements[(i + 1) * elements.count / (values.count + 2)] = value
        }
        input = Tensor(input.shape, dtype, elements)
        expected = Convolve.reference(geometry, input: input, weight: weight, bias: bias)
    }

    /// Nil, or what is wrong with the output of one algorithm. Output and working memory hold NaN
    /// before, and what surrounds the output must be untouched after.
    func run(_ algorithm: Algorithm, _ kernels: KernelTable, threads: Int) -> String? {
        for use in [WeightUse.once, .often] {
            if let failure = run(algorithm, kernels, threads: threads, use: use) {
                return "weights of use \(use): " + failure
            }
        }
        return nil
    }

    private func run(
        _ algorithm: Algorithm, _ kernels: KernelTable, threads: Int, use: WeightUse
    ) -> String? {
        let plan = ConvolutionPlan(
            geometry, dtype: dtype, algorithm: algorithm, precision: precision, kernels: kernels,
            threads: threads, serialWork: 0)
        ConvolutionPlan.poisonScratch(byteCount: plan.scratchByteCount)
        let guardByteCount = 256
        let byteCount = geometry.outputCount * dtype.byteCount
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: byteCount + 2 * guardByteCount, alignment: 64)
        defer { memory.deallocate() }
        for i in memory.indices { memory[i] = 0xFF }
        let output = memory.baseAddress! + guardByteCount
        plan.run(input, plan.prepare(weight, bias: bias, use: use), into: output)
        let before = memory.prefix(guardByteCount), after = memory.suffix(guardByteCount)
        if before.contains(where: { $0 != 0xFF }) { return "written before the output" }
        if after.contains(where: { $0 != 0xFF }) { return "written behind the output" }
        return mismatch(values(output), expected, tolerance(of: algorithm))
    }

    private func values(_ output: UnsafeMutableRawPointer) -> [Double] {
        (0..<geometry.outputCount).map { i in
            switch dtype {
            case .float32: Double(output.load(fromByteOffset: 4 * i, as: Float.self))
            case .float64: output.load(fromByteOffset: 8 * i, as: Double.self)
            case .float16, .bfloat16: preconditionFailure("no plan computes in \(dtype)")
            }
        }
    }
}

extension ConvolutionCase {
    /// Small sizes of any kind; some are no legal geometry.
    static func random(using generator: inout SeededGenerator) -> ConvolutionCase {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        var row = ConvolutionCase(name: "random")
        let rank = pick(1...3), groups = pick(1...3), most = [40, 14, 7][rank - 1]
        row.direction = pick(0...1) == 0 ? .forward : .transposed
        let inputs = groups * pick(1...5), outputs = groups * pick(1...6)
        row.input = [pick(1...3), inputs] + (0..<rank).map { _ in pick(1...most) }
        let kernel = (0..<rank).map { _ in pick(1...4) }
        row.weight =
            (row.direction == .forward ? [outputs, inputs / groups] : [inputs, outputs / groups])
            + kernel
        row.options.groups = groups
        row.options.stride = (0..<rank).map { _ in pick(1...3) }
        row.options.dilation = (0..<rank).map { _ in pick(1...3) }
        row.options.padding = .pairs((0..<rank).map { _ in [pick(0...3), pick(0...3)] })
        if row.direction == .transposed && pick(0...1) == 1 {
            row.options.outputPadding = row.options.stride.map { pick(0...$0 - 1) }
        }
        row.bias = pick(0...1) == 1
        return row
    }
}
