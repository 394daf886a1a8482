// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// How often prepared weights will be used: what is worth doing to them.
public enum WeightUse: Sendable {
    /// In one run: they may be read as they came, or be packed in its course.
    case once
    /// In many: they are packed completely.
    case often
}

/// How one geometry is computed in one precision: planned once, run many times.
///
///     let plan = ConvolutionPlan(geometry, dtype: .float32)  // chooses: no data needed
///     let weights = plan.prepare(weight, bias: bias)         // packs: once per set of weights
///     let output = plan.run(input, weights)                  // computes
///
/// Not generic, so that everything generic is specialized inside this module.
public struct ConvolutionPlan: Sendable {
    /// What is computed.
    public var geometry: ConvolutionGeometry {
        switch typed {
        case .float32(let plan): plan.geometry
        case .float64(let plan): plan.geometry
        }
    }
    /// The tensors' element type.
    public let dtype: DType
    private let typed: Typed
    /// Of the geometry, a copy of which takes as long as the sums of a small one.
    private let outputShape: [Int]
    private let outputCount: Int

    private enum Typed: Sendable {
        case float32(TypedPlan<Float>)
        case float64(TypedPlan<Double>)
    }

    /// Weights as the plan's algorithm reads them; good for plans of the same geometry and dtype.
    public struct PreparedWeights: Sendable {
        fileprivate enum Panels: Sendable {
            case float32(WeightSet<Float>)
            case float64(WeightSet<Double>)
        }
        fileprivate let panels: Panels

        /// Memory that they take.
        public var byteCount: Int {
            switch panels {
            case .float32(let set): set.byteCount
            case .float64(let set): set.byteCount
            }
        }
    }

    /// - Parameters:
    ///   - geometry: what is computed
    ///   - dtype: the tensors' element type, one that is computed in (``DType/computed``)
    ///   - algorithm: nil for the fastest; one that cannot do the geometry falls back to
    ///     `im2col`, or `stride_phases` if it is transposed
    ///   - precision: the error that is allowed
    ///   - kernels: the instruction set
    ///   - threads: cores to use; results do not depend on it
    public init(
        _ geometry: ConvolutionGeometry, dtype: DType, algorithm: Algorithm? = nil,
        precision: Precision = .standard, kernels: KernelTable = .best,
        threads: Int = ProcessorCount.available
    ) {
        self.init(
            geometry, dtype: dtype, algorithm: algorithm, precision: precision, kernels: kernels,
            threads: threads, serialWork: Self.serialWork)
    }

    /// Below this much work, in multiplications, one core is as fast as several (about 100 µs of work).
    static var serialWork: Int { 1_000_000 }

    /// Tests use several cores for any amount of work.
    package init(
        _ geometry: ConvolutionGeometry, dtype: DType, algorithm: Algorithm?,
        precision: Precision = .standard, kernels: KernelTable, threads: Int, serialWork: Int
    ) {
        self.dtype = dtype
        (outputShape, outputCount) = (geometry.outputShape, geometry.outputCount)
        let threads = geometry.work < Double(serialWork) ? 1 : max(1, threads)
        switch dtype {
        case .float32:
            typed = .float32(
                TypedPlan(
                    geometry, algorithm: algorithm, precision: precision, kernels: kernels,
                    threads: threads))
        case .float64:
            typed = .float64(
                TypedPlan(
                    geometry, algorithm: algorithm, precision: precision, kernels: kernels,
                    threads: threads))
        case .float16, .bfloat16:
            preconditionFailure("\(dtype) is stored, not computed in: widen the tensors")
        }
    }

    /// How the geometry is computed.
    public var algorithm: Algorithm {
        switch typed {
        case .float32(let plan): plan.algorithm
        case .float64(let plan): plan.algorithm
        }
    }

    /// Working memory of a run, for all cores together.
    public var scratchByteCount: Int {
        switch typed {
        case .float32(let plan): plan.scratchByteCount
        case .float64(let plan): plan.scratchByteCount
        }
    }

    /// Packs weights and bias; both must have the geometry's shapes and the plan's dtype.
    ///
    /// - Parameter use: how often they will be used; of small maps it decides the order of some sums
    ///   (``ChannelGEMM``), and of nothing else
    public func prepare(
        _ weight: Tensor, bias: Tensor?, use: WeightUse = .often
    ) -> PreparedWeights {
        switch typed {
        case .float32(let plan):
            PreparedWeights(panels: .float32(plan.prepare(weight, bias: bias, use: use)))
        case .float64(let plan):
            PreparedWeights(panels: .float64(plan.prepare(weight, bias: bias, use: use)))
        }
    }

    /// For one run, the weights of the transposed convolution that this one is
    /// (``ConvolutionGeometry/turned``): they have its shape.
    func prepare(turning weight: Tensor, threads: Int) -> PreparedWeights {
        switch typed {
        case .float32(let plan):
            PreparedWeights(panels: .float32(plan.prepare(turning: weight, threads: threads)))
        case .float64(let plan):
            PreparedWeights(panels: .float64(plan.prepare(turning: weight, threads: threads)))
        }
    }

    /// The output for an input of the geometry's shape and the plan's dtype.
    ///
    /// - Parameters:
    ///   - addend: added before the activation; the output's shape and dtype
    ///   - activation: what the sums become
    public func run(
        _ input: Tensor, _ weights: PreparedWeights, adding addend: Tensor? = nil,
        activation: Activation = .none
    ) -> Tensor {
        let storage = TensorStorage(byteCount: outputCount * dtype.byteCount)
        run(input, weights, adding: addend, activation: activation, into: storage.bytes)
        return Tensor(dtype: dtype, shape: outputShape, storage: storage)
    }

    /// The same into memory that the caller owns: as many elements as the output has.
    public func run(
        _ input: Tensor, _ weights: PreparedWeights, adding addend: Tensor? = nil,
        activation: Activation = .none, into output: UnsafeMutableRawPointer
    ) {
        switch (typed, weights.panels) {
        case (.float32(let plan), .float32(let panels)):
            plan.run(input, panels, adding: addend, activation: activation, into: output)
        case (.float64(let plan), .float64(let panels)):
            plan.run(input, panels, adding: addend, activation: activation, into: output)
        default: preconditionFailure("weights prepared for another dtype")
        }
    }

    /// Tests fill the memory that the next run will work in with NaN.
    package static func poisonScratch(byteCount: Int) {
        ScratchPool.shared.withScratch(byteCount: byteCount) {
            _ = UnsafeMutableRawBufferPointer(start: $0, count: byteCount).initializeMemory(
                as: UInt8.self, repeating: 0xFF)
        }
    }
}
