// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// One grid of outputs as a matrix product: loop 4, which packs a chunk of B and multiplies it.
struct GridProduct<Scalar: TensorScalar>: Sendable {
    let packer: ColumnPacker<Scalar>
    let kernels: GEMMKernels<Scalar>
    let blocks: BlockSizes
    /// Length of the whole sum.
    let k: Int
    /// Output channels of a group.
    let outputs: Int
    /// Whether a last column is multiplied for itself: where blocks are whole panels, so that how they are cut
    /// does not decide which column that is.
    private let isolatesOne: Bool

    init(
        _ grid: TapGrid, channels: Int, outputs: Int, images: Int, threads: Int,
        kernels: GEMMKernels<Scalar>
    ) {
        self.init(
            grid, channels: channels, outputs: outputs,
            blocks: BlockSizes(
                m: outputs, n: grid.size.count, k: channels * grid.taps.count,
                taps: grid.taps.count, images: images, threads: threads, kernels: kernels),
            isolatesOne: true, kernels: kernels)
    }

    init(
        _ grid: TapGrid, channels: Int, outputs: Int, blocks: BlockSizes,
        isolatesOne: Bool = false, kernels: GEMMKernels<Scalar>
    ) {
        k = channels * grid.taps.count
        self.kernels = kernels
        self.outputs = outputs
        self.blocks = blocks
        self.isolatesOne = isolatesOne
        packer = ColumnPacker(
            grid, mostPixels: blocks.mostPixels, isolatesOne: isolatesOne, kernels: kernels)
    }

    /// Elements from one panel of B to the next: what a row writes too much is less than a row.
    private var panelStride: Int { (blocks.kc + 1) * kernels.nr }
    private var panelElements: Int { (blocks.mostPixels / kernels.nr + 1) * panelStride }
    /// A ragged tile, or a column that is multiplied for itself.
    private var edgeElements: Int {
        (kernels.mr * max(kernels.nr, blocks.kc + kernels.lanes) + 15) / 16 * 16
    }

    /// Elements of memory that one worker needs.
    var scratchElements: Int { panelElements + packer.planeElements + edgeElements + 64 }

    /// C <- A·B + bias for some pixels and some output channels of one image and group.
    ///
    /// - Parameters:
    ///   - pixels: columns of C, from the first of `c`
    ///   - rows: output channels of the group
    ///   - input: the group's first channel
    ///   - weights: the group's panels, or its weights where they lie
    ///   - bias: the group's bias, padded to whole panels
    ///   - c: row 0 of C at the first pixel
    ///   - ldc: elements from one row of C to the next
    ///   - scratch: ``scratchElements`` elements
    func run(
        _ pixels: Range<Int>, rows: Range<Int>, input: UnsafePointer<Scalar>,
        weights: WeightPanels<Scalar>.Group, bias: UnsafePointer<Scalar>,
        c: UnsafeMutablePointer<Scalar>, ldc: Int, scratch: UnsafeMutablePointer<Scalar>
    ) {
        let panelRows = (outputs + kernels.mr - 1) / kernels.mr * kernels.mr
        let table = packer.table(pixels, panelStride: panelStride)
        let b = scratch + edgeElements, plane = b + panelElements + 32
        packer.clear(plane)
        var k0 = 0
        // loop 4; a sum of nothing is one chunk of length 0, which writes the bias
        repeat {
            let kc = min(blocks.kc, k - k0)
            if kc > 0 {
                packer.pack(k0..<k0 + kc, table: table, input: input, plane: plane, panels: b)
            }
            let isUnpacked = weights.isUnpacked
            GEMMBlock(
                rows: rows, a: weights.first + k0 * (isUnpacked ? 1 : panelRows),
                panelStrideA: isUnpacked ? k : kc * kernels.mr, isUnpacked: isUnpacked, b: b,
                panelStrideB: panelStride, kc: kc, n: pixels.count, isolatesOne: isolatesOne, c: c,
                ldc: ldc,
                start: k0 == 0 ? bias : nil, edge: scratch
            ).multiply(kernels, mc: isUnpacked ? blocks.mc / 3 : blocks.mc)
            k0 += kc
        } while k0 < k
    }
}
