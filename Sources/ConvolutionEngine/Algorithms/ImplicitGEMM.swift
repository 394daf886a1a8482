// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Convolution as a matrix product whose columns are made a block at a time (`im2col`).
///
/// Goals, in order: the right answer for every geometry; the speed of the machine's fused
/// multiply-adds; memory for one block of columns, never for all of them.
///
/// Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for Document
/// Processing" (2006) unfold the whole input; here loop 5 of the product (see `GEMM.swift`) runs over
/// blocks of pixels, and each core packs what it needs:
///
///     C[m, n] <- bias[m] + Σ_k A[m, k] · B[k, n],   k = (channel, tap),  n = pixel,
///     B[(c, t), o] = input[c, o·stride + t·dilation − padding],  0 outside
///
/// *Error*: sums of at most 256 products between two roundings to C; rms 3e-7 and max 2e-6 of the
/// output's rms at 2304 products.
struct ImplicitGEMM<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let product: GridProduct<Scalar>
    let layout: WeightLayout
    let threads: Int

    init(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.init(
            geometry, grid: TapGrid(geometry),
            layout: WeightLayout(
                rowStride: geometry.inputChannelsPerGroup * geometry.kernel.count,
                channelStride: geometry.kernel.count, taps: Array(0..<geometry.kernel.count)),
            kernels: kernels, threads: threads)
    }

    /// A grid whose outputs are the operator's outputs, in order.
    init(
        _ geometry: ConvolutionGeometry, grid: TapGrid, layout: WeightLayout,
        kernels: GEMMKernels<Scalar>, threads: Int
    ) {
        self.geometry = geometry
        self.layout = layout
        self.threads = threads
        product = GridProduct(
            grid, channels: geometry.inputChannelsPerGroup,
            outputs: geometry.outputChannelsPerGroup, images: geometry.batch * geometry.groups,
            threads: threads, kernels: kernels)
    }

    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }
    private var workerElements: Int { (product.scratchElements + 31) / 16 * 16 }

    /// Whether weights are read where they lie: a weight is used so seldom that packing it, some ten
    /// multiply-adds' time with the way to memory and back, is not worth its while.
    private var readsInPlace: Bool {
        let pixels = geometry.batch * geometry.outputSize.count
        return layout.isContiguous && pixels <= Self.mostPixelsInPlace
            && (geometry.outputChannelsPerGroup >= product.kernels.mr
                || geometry.outputSize.count == 1)
            && product.k > 0
    }

    private var packsLate: Bool {
        product.lateBlocks != nil && layout.isContiguous && product.k > 0
    }

    static var mostPixelsInPlace: Int { 128 }

    /// - Parameter owner: what holds `weight`
    func prepare(
        _ weight: UnsafePointer<Scalar>, of owner: TensorStorage, bias: UnsafePointer<Scalar>?,
        use: WeightUse
    ) -> WeightPanels<Scalar> {
        // Of one pixel a vector of weights in place has one row's steps, in a panel those of several.
        let hasOnePixel =
            geometry.batch * geometry.outputSize.count == 1
            && geometry.weightElementsPerGroup <= 65_536
        if use == .once && packsLate || readsInPlace && (use == .once || hasOnePixel) {
            let panels = WeightPanels<Scalar>(
                readsInPlace ? .inPlace : .packedLate, weight, of: owner,
                m: geometry.outputChannelsPerGroup, k: product.k, groups: geometry.groups,
                mr: product.kernels.mr)
            panels.copyBias(bias)
            return panels
        }
        let panels = WeightPanels<Scalar>(
            m: geometry.outputChannelsPerGroup, k: product.k, kc: product.blocks.kc,
            groups: geometry.groups,
            mr: product.kernels.mr)
        panels.pack(
            weight, layout, bias: bias, kernels: product.kernels,
            groupStride: geometry.weightElementsPerGroup, threads: threads)
        return panels
    }

    /// Weights of the transposed convolution that this one is (``ConvolutionGeometry/turned``), packed for one use;
    /// nil where chunks of the sum are not whole channels.
    func prepareTurned(
        _ weight: UnsafePointer<Scalar>, of owner: TensorStorage
    ) -> WeightPanels<Scalar>? {
        let taps = geometry.kernel.count
        guard product.blocks.kc % taps == 0, product.k > 0 else { return nil }
        if product.lateBlocks != nil {
            let panels = WeightPanels<Scalar>(
                .turnedLate, weight, of: owner, m: geometry.outputChannelsPerGroup, k: product.k,
                groups: geometry.groups, mr: product.kernels.mr)
            panels.copyBias(nil)
            return panels
        }
        return packTurned(weight)
    }

    /// The same for any number of uses; chunks of the sum are whole channels.
    func packTurned(_ weight: UnsafePointer<Scalar>) -> WeightPanels<Scalar> {
        let panels = WeightPanels<Scalar>(
            m: geometry.outputChannelsPerGroup, k: product.k, kc: product.blocks.kc,
            groups: geometry.groups, mr: product.kernels.mr)
        panels.pack(
            weight, phases: [(0..<geometry.kernel.count).reversed()], bias: nil,
            kernels: product.kernels, threads: threads)
        return panels
    }

    /// Loop 5, over the cores: splits of output channels x images x groups x blocks of pixels.
    ///
    /// - Parameter only: of the images x groups, those to compute; nil: all
    func run(
        _ operands: RunOperands<Scalar>, weights: WeightPanels<Scalar>, only: [Int]? = nil
    ) {
        let blocks = weights.isPackedLate ? product.lateBlocks! : product.blocks
        let outputs = geometry.outputChannelsPerGroup, pixels = geometry.outputSize.count
        let inputStride = geometry.inputChannelsPerGroup * geometry.inputSize.count
        let tasks = blocks.tasks(images: only?.count ?? geometry.batch * geometry.groups)
        ParallelTiles.run(tasks.count, threads: threads) { task, worker in
            let place = tasks.place(task), image = only?[place.image] ?? place.image
            let some = blocks.pixels(ofBlock: place.block)
            let group = image % geometry.groups
            let rows = blocks.channels(ofSplit: place.split)
            let c = operands.output + image * outputs * pixels + some.lowerBound
            product.run(
                product.table(some), rows: rows, input: operands.input + image * inputStride,
                weights: weights.group(group), bias: weights.bias(ofGroup: group),
                c: c, ldc: pixels, scratch: operands.scratch + worker * workerElements)
            operands.finish(
                c + rows.lowerBound * pixels, rows: rows.count, pitch: pixels, count: some.count)
        }
    }
}

extension ImplicitGEMM {
    /// Some images x groups that another algorithm leaves: one that transforms would spread an infinity
    /// over outputs that do not look at it.
    func compute(
        _ images: [Int], _ operands: RunOperands<Scalar>, _ weights: WeightSet<Scalar>.Given
    ) {
        weights.withPointers { weight, bias in
            compute(images, operands, weight, of: weights.weight.storage, bias: bias)
        }
    }

    /// The same with weights that `owner` holds.
    func compute(
        _ images: [Int], _ operands: RunOperands<Scalar>, _ weight: UnsafePointer<Scalar>,
        of owner: TensorStorage, bias: UnsafePointer<Scalar>?
    ) {
        let panels = prepare(weight, of: owner, bias: bias, use: .once)
        ScratchPool.shared.withScratch(byteCount: scratchByteCount) { scratch in
            run(
                RunOperands(
                    input: operands.input, output: operands.output,
                    scratch: scratch.assumingMemoryBound(to: Scalar.self),
                    added: operands.added, activation: operands.activation),
                weights: panels, only: images)
        }
    }
}
