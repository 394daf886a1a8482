// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A ``ConvolutionPlan`` for one scalar. A class, since a plan is kept and handed on for each request, and
/// copying the dozens of arrays that it is made of takes longer than the sums of a small one.
final class TypedPlan<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let algorithm: Algorithm
    let scratchByteCount: Int
    private let method: Method

    /// Behind a reference: every run copies it, and all of its cases are as large as the largest.
    private indirect enum Method: Sendable {
        case slidingWindow(SlidingWindow<Scalar>)
        case direct(DirectConvolution<Scalar>)
        case implicitGEMM(ImplicitGEMM<Scalar>)
        case boxProducts(BoxProducts<Scalar>)
        case channelGEMM(ChannelGEMM<Scalar>)
        case stridePhases(StridePhases<Scalar>)
        case depthwisePhases(DepthwisePhases<Scalar>)
        case columnScatter(ColumnScatter<Scalar>)
        case columnSums(ColumnSums<Scalar>)
        case kernelMatrix(KernelMatrixProduct<Scalar>)
        case winograd(DilatedWinograd<Scalar>)
        case stridePairs(PairProducts<Scalar, StrideFilter>)
        case phasePairs(PairProducts<Scalar, PhaseFilter>)
        case fft(FFTConvolution<Scalar>)
        /// An output without elements, whatever the sizes that are not 0.
        case nothing
    }

    /// See ``ConvolutionPlan/init(_:dtype:algorithm:kernels:threads:)``.
    init(
        _ geometry: ConvolutionGeometry, algorithm: Algorithm?, precision: Precision,
        kernels: KernelTable, threads: Int
    ) {
        self.geometry = geometry
        let wanted =
            algorithm
            ?? Algorithm.fastest(
                for: geometry, precision: precision, lanes: kernels.float32.lanes)
        let kernels = Scalar.kernels(in: kernels)
        if geometry.outputCount == 0 {
            self.algorithm = wanted
            method = .nothing
        } else if wanted == .kernelMatrix, KernelMatrixProduct<Scalar>.obstacle(to: geometry) == nil
        {
            self.algorithm = .kernelMatrix
            method = .kernelMatrix(KernelMatrixProduct(geometry: geometry, threads: threads))
        } else if wanted == .winograd, let filter = StrideFilter(geometry) {
            self.algorithm = .winograd
            method = .stridePairs(
                PairProducts(geometry, filter, kernels: kernels, threads: threads))
        } else if wanted == .winograd, let filter = PhaseFilter(geometry),
            Winograd<Scalar>.obstacle(to: geometry, precision: precision) == nil
        {
            self.algorithm = .winograd
            method = .phasePairs(
                PairProducts(geometry, filter, kernels: kernels, threads: threads))
        } else if wanted == .winograd,
            let winograd = DilatedWinograd(
                geometry, precision: precision, kernels: kernels, threads: threads)
        {
            self.algorithm = .winograd
            method = .winograd(winograd)
        } else if wanted == .columnScatter,
            let sums = ColumnSums(geometry, kernels: kernels, threads: threads)
        {
            self.algorithm = .columnScatter
            method = .columnSums(sums)
        } else if geometry.direction == .transposed && wanted == .columnScatter {
            self.algorithm = .columnScatter
            method = .columnScatter(ColumnScatter(geometry, kernels: kernels, threads: threads))
        } else if let depthwise = DepthwisePhases(geometry, kernels: kernels, threads: threads) {
            self.algorithm = .stridePhases
            method = .depthwisePhases(depthwise)
        } else if geometry.direction == .transposed {
            self.algorithm = .stridePhases
            method = .stridePhases(StridePhases(geometry, kernels: kernels, threads: threads))
        } else if wanted == .direct, DirectBlocks.areModest(geometry) {
            self.algorithm = .direct
            method = .direct(DirectConvolution(geometry, kernels: kernels, threads: threads))
        } else if wanted == .slidingWindow,
            let sliding = SlidingWindow(geometry, kernels: kernels, threads: threads)
        {
            self.algorithm = .slidingWindow
            method = .slidingWindow(sliding)
        } else if wanted == .fft,
            let fft = FFTConvolution(geometry, kernels: kernels, threads: threads)
        {
            self.algorithm = .fft
            method = .fft(fft)
        } else if let boxes = BoxProducts(geometry, kernels: kernels, threads: threads) {
            self.algorithm = .im2col
            method = .boxProducts(boxes)
        } else if let channels = ChannelGEMM(geometry, kernels: kernels, threads: threads) {
            self.algorithm = .im2col
            method = .channelGEMM(channels)
        } else {
            self.algorithm = .im2col
            method = .implicitGEMM(ImplicitGEMM(geometry, kernels: kernels, threads: threads))
        }
        scratchByteCount = Self.scratchByteCount(method)
    }

    private static func scratchByteCount(_ method: Method) -> Int {
        switch method {
        case .slidingWindow(let algorithm): algorithm.scratchByteCount
        case .direct(let algorithm): algorithm.scratchByteCount
        case .implicitGEMM(let algorithm): algorithm.scratchByteCount
        case .boxProducts(let algorithm): algorithm.scratchByteCount
        case .channelGEMM(let algorithm): algorithm.scratchByteCount
        case .stridePhases(let algorithm): algorithm.scratchByteCount
        case .depthwisePhases(let algorithm): algorithm.scratchByteCount
        case .columnScatter(let algorithm): algorithm.scratchByteCount
        case .columnSums(let algorithm): algorithm.scratchByteCount
        case .winograd(let algorithm): algorithm.scratchByteCount
        case .stridePairs(let algorithm): algorithm.scratchByteCount
        case .phasePairs(let algorithm): algorithm.scratchByteCount
        case .fft(let algorithm): algorithm.scratchByteCount
        case .kernelMatrix, .nothing: 0
        }
    }

    func prepare(_ weight: Tensor, bias: Tensor?, use: WeightUse) -> WeightSet<Scalar> {
        if case .winograd(let algorithm) = method {
            return WeightSet(panels: [], winograd: algorithm.prepare(weight, bias: bias, use: use))
        }
        if case .stridePairs(let algorithm) = method {
            return algorithm.prepare(weight, bias: bias)
        }
        if case .phasePairs(let algorithm) = method { return algorithm.prepare(weight, bias: bias) }
        if case .depthwisePhases(let algorithm) = method {
            return algorithm.prepare(weight, bias: bias)
        }
        if case .direct(let algorithm) = method { return algorithm.prepare(weight, bias: bias) }
        if case .boxProducts(let algorithm) = method {
            return algorithm.prepare(weight, bias: bias, use: use)
        }
        let storage = weight.storage
        return weight.withElements(of: Scalar.self) { weight in
            guard let bias else { return prepare(weight.baseAddress!, of: storage, bias: nil, use) }
            return bias.withElements(of: Scalar.self) {
                prepare(weight.baseAddress!, of: storage, bias: $0.baseAddress!, use)
            }
        }
    }

    /// For one run, the weights of the transposed convolution that the geometry is
    /// (``ConvolutionGeometry/turned``): its channels exchanged and its kernels turned round.
    func prepare(turning weight: Tensor, threads: Int) -> WeightSet<Scalar> {
        let product: ImplicitGEMM<Scalar>? =
            switch method {
            case .implicitGEMM(let algorithm): algorithm
            case .channelGEMM(let algorithm): algorithm.plain
            default: nil
            }
        let panels = weight.withElements(of: Scalar.self) {
            product?.prepareTurned($0.baseAddress!, of: weight.storage)
        }
        if let panels { return WeightSet(panels: [panels]) }
        let turned = weight.turned(
            WeightSizes(
                groups: geometry.groups, rows: geometry.inputChannelsPerGroup,
                channels: geometry.outputChannelsPerGroup, taps: geometry.kernel.count),
            shape: geometry.weightShape, threads: threads, Scalar.self)
        return prepare(turned, bias: nil, use: .once)
    }

    private func prepare(
        _ weight: UnsafePointer<Scalar>, of storage: TensorStorage, bias: UnsafePointer<Scalar>?,
        _ use: WeightUse
    ) -> WeightSet<Scalar> {
        switch method {
        case .slidingWindow(let algorithm):
            WeightSet(panels: [algorithm.prepare(weight, bias: bias)])
        case .implicitGEMM(let algorithm):
            WeightSet(panels: [algorithm.prepare(weight, of: storage, bias: bias, use: use)])
        case .channelGEMM(let algorithm):
            algorithm.prepare(weight, of: storage, bias: bias, use: use)
        case .stridePhases(let algorithm):
            WeightSet(panels: algorithm.prepare(weight, of: storage, bias: bias, use: use))
        case .columnScatter(let algorithm):
            algorithm.prepare(weight, of: storage, bias: bias)
        case .columnSums(let algorithm):
            algorithm.prepare(weight, bias: bias)
        case .kernelMatrix(let algorithm):
            algorithm.prepare(weight, bias: bias)
        case .fft(let algorithm):
            algorithm.prepare(weight, bias: bias)
        case .direct, .boxProducts, .depthwisePhases, .winograd, .stridePairs, .phasePairs,
            .nothing:
            WeightSet(panels: [])
        }
    }

    /// Writes the whole output.
    func run(
        _ input: Tensor, _ weights: WeightSet<Scalar>, adding addend: Tensor?,
        activation: Activation, into output: UnsafeMutableRawPointer
    ) {
        defer { withExtendedLifetime(addend) {} }
        input.withElements(of: Scalar.self) { input in
            ScratchPool.shared.withScratch(byteCount: scratchByteCount) { scratch in
                run(
                    RunOperands(
                        input: input.baseAddress!,
                        output: output.assumingMemoryBound(to: Scalar.self),
                        scratch: scratch.assumingMemoryBound(to: Scalar.self),
                        added: addend.map { $0.withElements(of: Scalar.self) { $0.baseAddress! } },
                        activation: activation),
                    weights)
            }
        }
    }

    private func run(_ operands: RunOperands<Scalar>, _ weights: WeightSet<Scalar>) {
        switch method {
        case .slidingWindow(let algorithm): algorithm.run(operands, weights: weights.panels[0])
        case .direct(let algorithm): algorithm.run(operands, weights: weights)
        case .implicitGEMM(let algorithm): algorithm.run(operands, weights: weights.panels[0])
        case .boxProducts(let algorithm): algorithm.run(operands, weights: weights)
        case .channelGEMM(let algorithm): algorithm.run(operands, weights: weights)
        case .stridePhases(let algorithm): algorithm.run(operands, weights: weights.panels)
        case .depthwisePhases(let algorithm): algorithm.run(operands, weights: weights)
        case .columnScatter(let algorithm): algorithm.run(operands, weights: weights)
        case .columnSums(let algorithm): algorithm.run(operands, weights: weights)
        case .kernelMatrix(let algorithm): algorithm.run(operands, weights: weights)
        case .winograd(let algorithm): algorithm.run(operands, weights: weights.winograd!)
        case .stridePairs(let algorithm): algorithm.run(operands, weights: weights)
        case .phasePairs(let algorithm): algorithm.run(operands, weights: weights)
        case .fft(let algorithm): algorithm.run(operands, weights: weights)
        case .nothing: break
        }
    }
}
