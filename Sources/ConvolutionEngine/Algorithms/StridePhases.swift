// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Transposed convolution as ordinary convolutions, one for each residue of the output's index.
///
/// Goals, in order: the right answer for every geometry; no multiplication by an inserted zero; the
/// same product as a convolution's, with every input packed once for all residues.
///
/// Input i reaches output `o = i·s + k·d − p` through tap k. Write `o = s·q + r` with 0 <= r < s: the
/// taps that reach residue r are those with `r + p − k·d` divisible by s, and
///
///     out[s·q + r] = Σ_k w[k] · in[q + (r + p − k·d) / s]
///
/// is a convolution of stride 1 whose taps are at `(r + p − k·d) / s`. Residues share most of their
/// positions (a kernel of 4x4 with stride 2 has 16 taps at 9 of them), so B holds a row for every channel
/// and position, and each residue's product picks its own (``StridePhase/offsets``). With
/// stride 2 the tiles of one residue of the width send out their sums among those of the other,
/// which were left in C a moment ago; otherwise the sums of all residues stay in L2 and are
/// interleaved on the way out. A residue without taps (kernel shorter than the stride) is the bias.
/// See Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4.
///
/// *Error*: that of ``ImplicitGEMM``, with a sum shorter by the strides; chunks are of whole channels, so that
/// more than 256 taps of a residue are one sum.
struct StridePhases<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    let packer: ColumnPacker<Scalar>
    let blocks: BlockSizes
    /// In the order of their residues, the width's fastest.
    let phases: [StridePhase]
    /// Input channels of a chunk of the sum.
    let channelsAtATime: Int
    /// Elements of one row of C: the pixels of a block, and slack.
    let ldc: Int
    /// Output channels whose sums are in memory at a time.
    private let rowsAtATime: Int

    init(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.geometry = geometry
        self.kernels = kernels
        self.threads = threads
        let g = geometry
        let (grid, sets) = StridePhase.grid(g)
        let positions = grid.taps.count
        let mostTaps = sets.map(\.taps.count).max() ?? 0
        // The sums of an average phase are as long as those of a convolution, the longest at most 256.
        let rowByteCount = kernels.nr * MemoryLayout<Scalar>.stride
        let meanTaps = max(1, (g.kernel.count + sets.count - 1) / max(1, sets.count))
        let channels = min(
            BlockSizes.chunk(
                k: g.inputChannelsPerGroup * meanTaps, taps: meanTaps,
                panelRowByteCount: rowByteCount) / meanTaps,
            max(1, 256 / max(1, mostTaps)))
        let atATime = max(1, channels)
        channelsAtATime = atATime
        // B takes 200 of L2's 512 KB. The sums may be more than the rest: they are visited once a chunk,
        // while panels of A come from L3 once a block.
        let m = (g.outputChannelsPerGroup + kernels.mr - 1) / kernels.mr * kernels.mr
        let pixelByteCount = max(1, atATime * positions) * MemoryLayout<Scalar>.stride
        blocks = BlockSizes(
            m: g.outputChannelsPerGroup, n: grid.size.count, kc: atATime,
            mostPixels: max(kernels.nr, min(240, 200 * 1024 / pixelByteCount)),
            packing: 12 * Double(positions) / Double(g.kernel.count),
            images: g.batch * g.groups, threads: threads, kernels: kernels)
        packer = ColumnPacker(
            grid, channels: g.inputChannelsPerGroup, mostPixels: blocks.mostPixels,
            mostRows: atATime * positions, kernels: kernels)
        let full = positions > 0 ? sets.firstIndex { $0.taps.count == positions } : nil
        fullPhase = full
        phases = sets.map {
            StridePhase(
                residue: $0.residue, taps: $0.taps, channels: atATime,
                positions: full == nil ? nil : positions, nr: kernels.nr)
        }
        let isZipped =
            g.stride.width == 2 && g.outputSize.width > 1
            && 2 * grid.size.width >= kernels.lanes && sets.allSatisfy { !$0.taps.isEmpty }
        let first = full.map { isZipped ? [$0, $0 ^ 1] : [$0] } ?? []
        self.isZipped = isZipped
        order = first + sets.indices.filter { !first.contains($0) }
        ldc = blocks.mostPixels + kernels.lanes
        let fitting = 524_288 / (phases.count * ldc) / kernels.mr * kernels.mr
        rowsAtATime = max(kernels.mr, min(fitting, m))
    }

    private var positions: Int { packer.grid.taps.count }
    /// A phase that looks at all positions. Rows of B are then in the order of its sum, and its
    /// first tile makes the panels on the way; otherwise position by position, so that what a phase
    /// picks lies together and fills whole lines of L1.
    let fullPhase: Int?
    /// The phases in the order in which they are computed: that one first, and pairs of the width
    /// together.
    let order: [Int]
    /// Whether the last sums of the two residues of the width go out together, as soon as there are
    /// some.
    let isZipped: Bool
    /// Elements from one position's rows of B to the next's: what a row writes too much is less than a row.
    private var positionStride: Int { (channelsAtATime + 1) * kernels.nr }
    /// Elements from one panel of B to the next.
    var panelStride: Int { max(1, positions) * positionStride }
    private var panelElements: Int { blocks.mostPixels / kernels.nr * panelStride }
    /// Elements of C for one phase.
    var phasePitch: Int { rowsAtATime * ldc }
    private var workerElements: Int {
        (phases.count * phasePitch + panelElements + packer.planeElements + lateElements + 192) / 16
            * 16
    }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    /// Whether panels for weights of one use are made right before it: where every weight is read once. (With three
    /// blocks of pixels to read them it takes a tenth longer.)
    private var packsLate: Bool {
        geometry.batch * blocks.blockCount == 1 && geometry.inputChannelsPerGroup > 0
    }
    /// Rows of such panels, of one chunk, that are made at a time: 128 KB.
    var lateRows: Int {
        let fitting = 131_072 / (lateElementsPerRow * MemoryLayout<Scalar>.stride)
        return max(kernels.mr, fitting / kernels.mr * kernels.mr)
    }
    private var lateElementsPerRow: Int { channelsAtATime * max(1, geometry.kernel.count) }
    private var lateElements: Int { packsLate ? lateRows * lateElementsPerRow + 32 : 0 }

    /// One set of panels: of each chunk those of every phase, in order.
    ///
    /// - Parameter owner: what holds `weight`
    func prepare(
        _ weight: UnsafePointer<Scalar>, of owner: TensorStorage, bias: UnsafePointer<Scalar>?,
        use: WeightUse
    ) -> [WeightPanels<Scalar>] {
        let k = geometry.inputChannelsPerGroup * geometry.kernel.count
        if use == .once && packsLate {
            let panels = WeightPanels<Scalar>(
                .packedLate, weight, of: owner, m: geometry.outputChannelsPerGroup, k: k,
                groups: geometry.groups, mr: kernels.mr)
            panels.copyBias(bias)
            return [panels]
        }
        let panels = WeightPanels<Scalar>(
            m: geometry.outputChannelsPerGroup, k: k, kc: channelsAtATime * geometry.kernel.count,
            groups: geometry.groups, mr: kernels.mr)
        panels.pack(weight, phases: tapOrder, bias: bias, kernels: kernels, threads: threads)
        return [panels]
    }

    /// The taps of each phase. Outputs smaller than the stride leave some that reach none: they go behind the others.
    private var tapOrder: [[Int]] {
        var used = Set<Int>()
        for phase in phases { used.formUnion(phase.taps) }
        return phases.map(\.taps) + [(0..<geometry.kernel.count).filter { !used.contains($0) }]
    }

    /// Over the cores: splits of output channels x images x groups x blocks of pixels.
    func run(_ operands: RunOperands<Scalar>, weights: [WeightPanels<Scalar>]) {
        let tasks = blocks.tasks(images: geometry.batch * geometry.groups)
        ParallelTiles.run(tasks.count, threads: threads) { task, worker in
            let place = tasks.place(task)
            let rows = blocks.channels(ofSplit: place.split)
            let part = Part(
                image: place.image, pixels: blocks.pixels(ofBlock: place.block),
                scratch: operands.scratch + worker * workerElements)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsAtATime) {
                let some = first..<min(rows.upperBound, first + rowsAtATime)
                sum(part, some, operands, weights[0])
                interleave(part, some, operands)
            }
        }
    }

    /// A block of pixels, and the memory to work in: C `[phase][row][ldc]`, then B, then padded rows.
    struct Part {
        let image: Int
        let pixels: Range<Int>
        let scratch: UnsafeMutablePointer<Scalar>
    }

    /// All phases of some output channels into C, chunk by chunk of the input channels.
    private func sum(
        _ part: Part, _ rows: Range<Int>, _ operands: RunOperands<Scalar>,
        _ weights: WeightPanels<Scalar>
    ) {
        let channels = geometry.inputChannelsPerGroup
        let group = part.image % geometry.groups
        let b = part.scratch + phases.count * phasePitch + 32
        let table = packer.table(part.pixels, panelStride: panelStride)
        packer.begin(table, b + panelElements + 32)
        let input = operands.input + part.image * channels * geometry.inputSize.count
        let bias = weights.bias(ofGroup: group)
        let order = weights.group(group).form == .packedLate ? tapOrder : nil
        let zips = isZipped ? zippedOutput(part, operands) : nil
        var first = 0
        // a sum of nothing is one chunk of no channels, which writes the bias
        repeat {
            let some = min(channelsAtATime, channels - first)
            let sum = first * positions..<(first + some) * positions
            var sources: ColumnRows<Scalar>?
            if fullPhase != nil, let shifted = packer.shifted, !sum.isEmpty {
                sources = shifted.rows(
                    sum, pixels: part.pixels, tapByTap: false, input: input,
                    scratch: b + panelElements + 32)
            } else {
                packer.pack(
                    sum, table: table, input: input, plane: b + panelElements + 32, panels: b,
                    tapPitch: fullPhase == nil ? positionStride : nil)
            }
            let chunk = Chunk(
                channels: first..<first + some, b: b, sources: sources, pixels: part.pixels.count,
                c: part.scratch, firstRow: rows.lowerBound, bias: bias,
                zips: first + some == channels ? zips : nil)
            if let order {
                multiplyLate(
                    chunk, rows, weights.group(group).first, order,
                    to: b + panelElements + packer.planeElements + 64)
            } else {
                let panels =
                    weights.panels(ofGroup: group)
                    + first * geometry.kernel.count * weights.panelCount * kernels.mr
                multiply(
                    chunk, rows,
                    ChunkPanels(
                        first: panels, perPhase: weights.panelCount, panelStride: nil, firstRow: 0))
            }
            first += some
        } while first < channels
    }
}

extension StridePhases {
    /// Some images x groups of `whole` that another algorithm leaves, as in
    /// ``ImplicitGEMM/compute(_:_:_:)``; this one is for one of them.
    func compute(
        _ images: [Int], of whole: ConvolutionGeometry, _ operands: RunOperands<Scalar>,
        _ given: WeightSet<Scalar>.Given
    ) {
        given.withPointers { weight, bias in
            ScratchPool.shared.withScratch(byteCount: scratchByteCount) { scratch in
                for image in images {
                    let group = image % whole.groups
                    let panels = prepare(
                        weight + group * whole.weightElementsPerGroup, of: given.weight.storage,
                        bias: bias.map { $0 + group * geometry.outputChannels }, use: .once)
                    let output = image * geometry.outputCount
                    run(
                        RunOperands(
                            input: operands.input + image * geometry.inputCount,
                            output: operands.output + output,
                            scratch: scratch.assumingMemoryBound(to: Scalar.self),
                            added: operands.added.map { $0 + output },
                            activation: operands.activation),
                        weights: panels)
                }
            }
        }
    }
}

extension ConvolutionGeometry {
    /// That of one group of one image.
    var oneGroup: ConvolutionGeometry {
        var one = self
        one.batch = 1
        one.inputChannels = inputChannelsPerGroup
        one.outputChannels = outputChannelsPerGroup
        one.groups = 1
        return one
    }
}
