// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Convolution of stride 1, or the phases of a transposed one (``WinogradAxis``), by minimal filtering:
/// tiles of the input and the kernels are transformed, multiplied point by point and summed over the
/// channels, and what comes out is transformed back.
///
/// Goals, in order: the error that the precision promises; few multiplications at the speed of the
/// register tile; values between the steps that stay in the caches.
///
/// Winograd, "Arithmetic Complexity of Computations" (1980); Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks" (2016). For a tile d of the input and a kernel g
///
///     Y = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A
///
/// 1. Lanes are tiles. Padded rows of a channel are split so that value i of all tiles is contiguous
///    (``TileRows``); Bᵀ is applied along rows, then along columns, whose results are panels of B.
/// 2. At each point the sum over the channels (and the depths of a kernel) is a matrix product of the
///    transformed weights and these panels.
/// 3. Aᵀ is applied along columns, then along rows, each phase of the rows for itself; the residues are interleaved to output rows.
///
/// Where few tiles go with many channels, the input is transformed once for all cores; otherwise each
/// core does strips of tile rows for itself. A tile's bits do not depend on which it was.
///
/// *Error*: points 0, ±√2, ±1/√2, ∞ (Barabasz et al., "Error Analysis and Improving the Accuracy of
/// Winograd Convolution for Deep Neural Networks", 2020), sums cut at 128 channels: rms 1.1e-6 and max
/// 7e-6 of the output's rms at 512 channels; F(2,3) that of direct sums. An infinite or NaN value
/// spreads over its tile, so an image whose output is not finite is computed again by
/// ``ImplicitGEMM`` or ``StridePhases``.
struct Winograd<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let tiling: WinogradTiling
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    let blocks: WinogradBlocks
    private let input: WinogradInput<Scalar>
    private let product: WinogradProduct<Scalar>
    /// How weights are transformed on the way, where each has one use.
    private let deferral: WinogradDeferral<Scalar>?

    /// Nil where ``obstacle(to:precision:)`` is not.
    init?(
        _ geometry: ConvolutionGeometry, precision: Precision, kernels: GEMMKernels<Scalar>,
        threads: Int
    ) {
        guard Winograd.obstacle(to: geometry, precision: precision) == nil,
            let tiling = WinogradTiling(geometry, precision: precision, lanes: kernels.lanes)
        else { return nil }
        self.geometry = geometry
        self.tiling = tiling
        self.kernels = kernels
        self.threads = threads
        blocks = WinogradBlocks(
            geometry, tiling, scalarByteCount: MemoryLayout<Scalar>.stride, mr: kernels.mr,
            nr: kernels.nr, threads: threads)
        input = WinogradInput(
            geometry: geometry, tiling: tiling, blocks: blocks, kernels: kernels)
        product = WinogradProduct(
            geometry: geometry, tiling: tiling, blocks: blocks, kernels: kernels)
        deferral =
            blocks.isShared && blocks.blockCount == 1
            ? WinogradDeferral(geometry, tiling, kernels: kernels) : nil
    }

    func prepare(_ weight: Tensor, bias: Tensor?, use: WeightUse) -> WinogradWeights<Scalar> {
        WinogradWeights(
            weight, bias: bias, geometry, tiling, kernels: kernels, threads: threads,
            isDeferred: use == .once && deferral != nil)
    }

    private var sharedElements: Int {
        blocks.isShared ? geometry.groups * blocks.pointElements : 0
    }
    /// Of a part's points, one set for each depth of the kernel.
    private var ringElements: Int {
        blocks.isShared ? 0 : geometry.kernel.depth * blocks.pointElements
    }
    private var workerElements: Int {
        let multiplying = product.workElements + (deferral?.workElements ?? 0)
        return (ringElements + max(input.workElements, multiplying) + 31) / 16 * 16
    }

    var scratchByteCount: Int {
        (sharedElements + 16 + threads * workerElements) * MemoryLayout<Scalar>.stride
    }

    func run(_ operands: RunOperands<Scalar>, weights: WinogradWeights<Scalar>) {
        let flawed = FlawedImages()
        if blocks.isShared {
            transformAll(operands)
            multiplyAll(operands, weights, flawed)
        } else {
            runParts(operands, weights, flawed)
        }
        let again = flawed.sorted
        if !again.isEmpty {
            compute(again, operands, weights.source)
        }
    }

    /// Planes of a group; they lie together, so that a block of vectors belongs to one group.
    private var planes: Int { geometry.batch * geometry.outputSize.depth }

    private func place(_ plane: Int, _ group: Int) -> WinogradPlace {
        let depths = geometry.outputSize.depth
        return WinogradPlace(image: plane / depths, group: group, depth: plane % depths)
    }

    private func worker(_ index: Int, _ operands: RunOperands<Scalar>) -> UnsafeMutablePointer<
        Scalar
    > {
        operands.scratch + (sharedElements + 15) / 16 * 16 + index * workerElements
    }

    /// The depth of the input that tap `tap` of an output looks at, inside it or not.
    private func inputDepth(_ depth: Int, tap: Int) -> Int {
        let step = geometry.stride.depth
        let before = tap * geometry.dilation.depth - geometry.paddingBefore.depth
        if geometry.direction == .forward { return depth * step + before }
        return (depth - before) % step == 0 ? (depth - before) / step : -1
    }

    /// Some images x groups by sums of products as they are.
    private func compute(
        _ images: [Int], _ operands: RunOperands<Scalar>, _ given: WeightSet<Scalar>.Given
    ) {
        switch geometry.direction {
        case .forward:
            ImplicitGEMM(geometry, kernels: kernels, threads: threads)
                .compute(images, operands, given)
        case .transposed:
            StridePhases(geometry.oneGroup, kernels: kernels, threads: threads)
                .compute(images, of: geometry, operands, given)
        }
    }

    /// Over the cores: groups x planes x parts of the channels.
    private func transformAll(_ operands: RunOperands<Scalar>) {
        let parts = blocks.channelParts, channels = geometry.inputChannelsPerGroup
        ParallelTiles.run(geometry.groups * planes * parts, threads: threads) { task, index in
            let plane = task / parts % planes, part = task % parts
            let place = place(plane, task / parts / planes)
            input.run(
                channels * part / parts..<channels * (part + 1) / parts, place, tiling.plane,
                depth: inputDepth(place.depth, tap: 0), operands, panels: blocks.panels,
                firstVector: plane * blocks.planeVectors,
                to: operands.scratch + place.group * blocks.pointElements,
                work: worker(index, operands))
        }
    }

    /// Over the cores: groups x output channels x blocks of vectors.
    private func multiplyAll(
        _ operands: RunOperands<Scalar>, _ weights: WinogradWeights<Scalar>, _ flawed: FlawedImages
    ) {
        let splits = blocks.splitCount, perSplit = blocks.blockCount
        ParallelTiles.run(geometry.groups * splits * perSplit, threads: threads) { task, index in
            let group = task / perSplit / splits
            let rows = blocks.rows(ofSplit: task / perSplit % splits)
            let some = blocks.panels(ofBlock: task % perSplit)
            let vectors = blocks.panels.vectors(of: some)
            let work = worker(index, operands)
            let points = operands.scratch + group * blocks.pointElements
            for phase in tiling.downPhases {
                if weights.isDeferred {
                    weights.source.withPointers { weight, _ in
                        product.multiply(
                            phase, rows, some, of: blocks.panels, points: points,
                            weight: weight + group * geometry.weightElementsPerGroup,
                            deferred: deferral!, work: work)
                    }
                } else {
                    product.multiply(
                        phase, rows, some, of: blocks.panels,
                        terms: [.init(points: points, depth: 0)], group: group, weights: weights,
                        work: work)
                }
                product.finish(
                    phase, rows, vectors: vectors, group: group, operands, weights: weights,
                    work: work,
                    to: { vector in
                        let plane = vector / blocks.planeVectors
                        return .init(
                            place: place(plane, group), part: tiling.plane,
                            firstVector: plane * blocks.planeVectors)
                    }, flaw: flawed.insert)
            }
        }
    }

    /// Over the cores: images x groups x depths x parts; where the kernel is deep, each part goes through
    /// all depths, so that a depth of the input is transformed once.
    private func runParts(
        _ operands: RunOperands<Scalar>, _ weights: WinogradWeights<Scalar>, _ flawed: FlawedImages
    ) {
        let depths = geometry.outputSize.depth, parts = blocks.partCount
        let perTask = geometry.kernel.depth > 1 ? depths : 1
        let perImage = parts * depths / perTask
        ParallelTiles.run(geometry.batch * geometry.groups * perImage, threads: threads) {
            task, index in
            let image = task / perImage, first = task % perImage / parts
            var ring = WinogradRing(count: geometry.kernel.depth)
            for depth in first * perTask..<(first + 1) * perTask {
                let place = WinogradPlace(
                    image: image / geometry.groups, group: image % geometry.groups, depth: depth)
                run(
                    blocks.part(task % parts), place, &ring, operands, weights, flawed,
                    work: worker(index, operands))
            }
        }
    }

    private func run(
        _ part: WinogradPart, _ place: WinogradPlace, _ ring: inout WinogradRing,
        _ operands: RunOperands<Scalar>, _ weights: WinogradWeights<Scalar>,
        _ flawed: FlawedImages, work: UnsafeMutablePointer<Scalar>
    ) {
        let rest = work + ringElements
        let panels = WinogradPanels(part.vectors, most: blocks.panelVectors)
        var terms: [WinogradProduct<Scalar>.Term] = []
        for tap in 0..<geometry.kernel.depth {
            let depth = inputDepth(place.depth, tap: tap)
            guard depth >= 0, depth < geometry.inputSize.depth else { continue }
            let points = work + ring.index(of: depth) * blocks.pointElements
            if ring.claim(depth) {
                input.run(
                    0..<geometry.inputChannelsPerGroup, place, part, depth: depth, operands,
                    panels: panels, firstVector: 0, to: points, work: rest)
            }
            terms.append(.init(points: points, depth: tap))
        }
        for split in 0..<blocks.splitCount {
            let rows = blocks.rows(ofSplit: split), vectors = 0..<part.vectors
            for phase in tiling.downPhases {
                product.multiply(
                    phase, rows, 0..<panels.count, of: panels, terms: terms, group: place.group,
                    weights: weights, work: rest)
                product.finish(
                    phase, rows, vectors: vectors, group: place.group, operands, weights: weights,
                    work: rest, to: { _ in .init(place: place, part: part, firstVector: 0) },
                    flaw: flawed.insert)
            }
        }
    }
}

/// Which depths of the input have been transformed, and where they are.
private struct WinogradRing {
    private var depths: [Int?]

    init(count: Int) { depths = Array(repeating: nil, count: count) }

    func index(of depth: Int) -> Int { depth % depths.count }

    /// Whether the place of a depth holds another one; it is this one's from now on.
    mutating func claim(_ depth: Int) -> Bool {
        defer { depths[index(of: depth)] = depth }
        return depths[index(of: depth)] != depth
    }
}
