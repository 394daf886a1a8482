// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// `im2col` where much of what the taps look at is padding, which is passed over.
///
/// The outputs are cut into boxes whose pixels all look at the same taps (``SightBox``), so that a box knows of no
/// padding. Its sums run over one tap after the other, a product of its own each, since then the boxes share
/// the weights' panels:
///
///     C[m, n] <- bias[m] + Σ_tap Σ_c A[tap][m, c] · B[tap][c, n],   B[tap][c, o] = input[c, o·stride + tap]
///
/// Zeros are multiplied like any other number by weights that are not finite: with these it is ``ImplicitGEMM``.
///
/// *Error*: as in ``ImplicitGEMM``, sums of at most 256 products between two roundings to C.
struct BoxProducts<Scalar: TensorScalar>: Sendable {
    private let geometry: ConvolutionGeometry
    private let boxes: [Box]
    /// In the order in which they are handed out: those of the most work first.
    private let tasks: [Task]
    private let whole: ImplicitGEMM<Scalar>
    private let threads: Int
    /// Elements of a block's sums and of what its products need.
    private let sumElements, productElements: Int

    /// A box and its product, which is the same for each tap, with an input that begins elsewhere.
    private struct Box: Sendable {
        let sight: SightBox
        /// Elements from the input's first to what the first output looks at through each tap.
        let offsets: [Int]
        let product: GridProduct<Scalar>
    }

    /// Some pixels of a box and some output channels.
    private struct Task: Sendable {
        let box: Int
        let rows: Range<Int>
        let columns: ColumnPacker<Scalar>.Table
        let pieces: [PixelBlock.Piece]

        /// Elements from one row of sums to the next.
        var pitch: Int { (columns.pixels.count + 15) / 16 * 16 }
    }

    /// Nil where there is too little padding to gain from.
    init?(_ geometry: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        guard let sights = SightBox.boxes(of: geometry, lanes: kernels.lanes) else { return nil }
        self.geometry = geometry
        self.threads = threads
        whole = ImplicitGEMM(geometry, kernels: kernels, threads: threads)
        let grid = TapGrid(geometry), images = geometry.batch * geometry.groups * sights.count
        boxes = sights.map { sight in
            let product = GridProduct(
                grid.oneTap(of: sight), channels: geometry.inputChannelsPerGroup,
                outputs: geometry.outputChannelsPerGroup,
                blocks: BlockSizes(
                    m: geometry.outputChannelsPerGroup, n: sight.size.count,
                    k: geometry.inputChannelsPerGroup, taps: 1, images: images, threads: threads,
                    kernels: kernels),
                isolatesOne: true, shiftsPlanes: false, kernels: kernels)
            return Box(sight: sight, offsets: grid.offsets(of: sight), product: product)
        }.sorted { $0.sight.work > $1.sight.work }
        tasks = boxes.enumerated().flatMap { index, box in
            let blocks = box.product.blocks, tasks = blocks.tasks(images: 1)
            return (0..<tasks.count).map {
                let place = tasks.place($0), pixels = blocks.pixels(ofBlock: place.block)
                return Task(
                    box: index, rows: blocks.channels(ofSplit: place.split),
                    columns: box.product.table(pixels),
                    pieces: PixelBlock(pixels, of: box.sight.size, oneRowBands: true).rows)
            }
        }
        sumElements = tasks.map { $0.pitch * $0.rows.count }.max()! + 32
        productElements = boxes.map(\.product.scratchElements).max()!
    }

    private var workerElements: Int { (sumElements + productElements + 31) / 16 * 16 }
    var scratchByteCount: Int {
        max(whole.scratchByteCount, threads * workerElements * MemoryLayout<Scalar>.stride)
    }

    /// Finite ones in panels for each tap; others as ``ImplicitGEMM`` has them, since padding has to be multiplied.
    func prepare(_ weight: Tensor, bias: Tensor?, use: WeightUse) -> WeightSet<Scalar> {
        let isFinite = weight.isFinite
        var panels: WeightPanels<Scalar>?
        WeightSet<Scalar>.Given(weight: weight, bias: bias).withPointers {
            panels =
                isFinite
                ? packByTap($0, bias: $1)
                : whole.prepare($0, of: weight.storage, bias: $1, use: use)
        }
        return WeightSet(panels: [panels!], isFinite: isFinite)
    }

    private func packByTap(
        _ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?
    ) -> WeightPanels<Scalar> {
        let product = boxes[0].product, taps = geometry.kernel.count
        let panels = WeightPanels<Scalar>(
            m: geometry.outputChannelsPerGroup, k: product.k * taps, kc: product.blocks.kc,
            groups: geometry.groups, mr: product.kernels.mr)
        panels.packByTap(
            weight, taps: taps, bias: bias, kernels: product.kernels, threads: threads)
        return panels
    }

    /// Over the cores: images x groups x boxes x blocks of pixels x splits of output channels.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let panels = weights.panels[0]
        guard weights.isFinite else { return whole.run(operands, weights: panels) }
        let perImage = tasks.count
        ParallelTiles.run(geometry.batch * geometry.groups * perImage, threads: threads) {
            task, worker in
            let sums = operands.scratch + worker * workerElements
            sum(tasks[task % perImage], of: task / perImage, operands, panels, to: sums)
            place(tasks[task % perImage], of: task / perImage, operands, from: sums)
        }
    }

    private func sum(
        _ task: Task, of image: Int, _ operands: RunOperands<Scalar>,
        _ weights: WeightPanels<Scalar>, to sums: UnsafeMutablePointer<Scalar>
    ) {
        let box = boxes[task.box], group = image % geometry.groups, taps = geometry.kernel.count
        let input =
            operands.input + image * geometry.inputChannelsPerGroup * geometry.inputSize.count
        var bias: UnsafePointer<Scalar>? = weights.bias(ofGroup: group)
        for (tap, offset) in zip(box.sight.taps, box.offsets) {
            box.product.run(
                task.columns, rows: task.rows, input: input + offset,
                weights: weights.group(group, tap: tap, of: taps), bias: bias,
                c: sums - task.rows.lowerBound * task.pitch, ldc: task.pitch,
                scratch: sums + sumElements)
            bias = nil
        }
    }

    /// Sums to where they belong in the output.
    private func place(
        _ task: Task, of image: Int, _ operands: RunOperands<Scalar>,
        from sums: UnsafePointer<Scalar>
    ) {
        let size = geometry.outputSize, first = boxes[task.box].sight.first
        for row in task.rows {
            var from = sums + (row - task.rows.lowerBound) * task.pitch
            let plane =
                operands.output + (image * geometry.outputChannelsPerGroup + row) * size.count
            for piece in task.pieces {
                let y = (first.depth + piece.z) * size.height + first.height + piece.y
                let to = plane + y * size.width + first.width + piece.x.lowerBound
                to.update(from: from, count: piece.x.count)
                operands.finish(to, count: piece.x.count)
                from += piece.x.count
            }
        }
    }
}

extension TapGrid {
    /// The outputs of a box, with a tap that looks at the first element of the input.
    fileprivate func oneTap(of box: SightBox) -> TapGrid {
        TapGrid(
            size: box.size, inputSize: inputSize, stride: stride,
            taps: [SpatialTriple(repeating: 0)])
    }

    /// What the first output of a box looks at through each of the box's taps: elements of a channel.
    fileprivate func offsets(of box: SightBox) -> [Int] {
        box.taps.map { tap in
            let at = SpatialTriple { box.first[$0] * stride[$0] + taps[tap][$0] }
            return (at.depth * inputSize.height + at.height) * inputSize.width + at.width
        }
    }
}
