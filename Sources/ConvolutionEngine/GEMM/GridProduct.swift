// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// One grid of outputs as a matrix product: loop 4, which packs a chunk of B and multiplies it.
struct GridProduct<Scalar: TensorScalar>: Sendable {
    let packer: ColumnPacker<Scalar>
    let kernels: GEMMKernels<Scalar>
    let blocks: BlockSizes
    /// Pixels of the largest block.
    private let mostPixels: Int
    /// Length of the whole sum.
    let k: Int
    /// Output channels of a group.
    let outputs: Int
    /// Whether a last column is multiplied for itself: where blocks are whole panels, so that how they are cut
    /// does not decide which column that is.
    private let isolatesOne: Bool
    /// Whether there is one pixel, and it looks at the whole input: its column lies there.
    private let hasColumn: Bool
    /// The blocks of weights of one use, of which each block packs those that it needs: where few blocks use each, so
    /// that packing them anew costs less than their way through memory. Of 512 x 512 3x3 kernels over 14x14 pixels
    /// that took a quarter of the time. Nil where they are better packed beforehand.
    let lateBlocks: BlockSizes?

    init(
        _ grid: TapGrid, channels: Int, outputs: Int, images: Int, threads: Int,
        kernels: GEMMKernels<Scalar>
    ) {
        func blocks(weightPacking: Double) -> BlockSizes {
            BlockSizes(
                m: outputs, n: grid.size.count, k: channels * grid.taps.count,
                taps: grid.taps.count, images: images, threads: threads,
                packing: grid.stride.width > 4 ? 64 : 12, weightPacking: weightPacking,
                kernels: kernels)
        }
        let late = blocks(weightPacking: 0.75)
        self.init(
            grid, channels: channels, outputs: outputs, blocks: blocks(weightPacking: 0),
            lateBlocks: images * late.blockCount <= 3 ? late : nil, isolatesOne: true,
            kernels: kernels)
    }

    init(
        _ grid: TapGrid, channels: Int, outputs: Int, blocks: BlockSizes,
        lateBlocks: BlockSizes? = nil, isolatesOne: Bool = false, shiftsPlanes: Bool = true,
        kernels: GEMMKernels<Scalar>
    ) {
        self.lateBlocks = lateBlocks
        mostPixels = max(blocks.mostPixels, lateBlocks?.mostPixels ?? 0)
        k = channels * grid.taps.count
        self.kernels = kernels
        self.outputs = outputs
        self.blocks = blocks
        self.isolatesOne = isolatesOne
        hasColumn = isolatesOne && grid.looksAtAllAtOnce
        packer = ColumnPacker(
            grid, channels: channels, mostPixels: mostPixels,
            mostRows: shiftsPlanes ? blocks.kc : 0, isolatesOne: isolatesOne, kernels: kernels)
    }

    /// Elements from one panel of B to the next: what a row writes too much is less than a row.
    private var panelStride: Int { (blocks.kc + 1) * kernels.nr }
    private var panelElements: Int { (mostPixels / kernels.nr + 1) * panelStride }
    /// A ragged tile, or a column that is multiplied for itself.
    private var edgeElements: Int {
        (kernels.mr * max(kernels.nr, blocks.kc + kernels.lanes) + 15) / 16 * 16
    }

    /// Elements of memory that one worker needs.
    var scratchElements: Int {
        panelElements + packer.planeElements + edgeElements + 64 + latePanelElements
    }
    private var latePanelElements: Int {
        lateBlocks.map { ($0.mc + kernels.mr) * $0.kc + 32 } ?? 0
    }

    /// What ``run(_:rows:input:weights:bias:c:ldc:scratch:)`` needs to know of some pixels.
    func table(_ pixels: Range<Int>) -> ColumnPacker<Scalar>.Table {
        packer.table(pixels, panelStride: panelStride)
    }

    /// C <- A·B + bias for some pixels and some output channels of one image and group.
    ///
    /// - Parameters:
    ///   - table: of the pixels, columns of C from the first of `c`
    ///   - rows: output channels of the group
    ///   - input: the group's first channel
    ///   - weights: the group's panels, or its weights where they lie
    ///   - bias: the group's bias, padded to whole panels; nil: the sums are added to what C holds
    ///   - c: row 0 of C at the first pixel
    ///   - ldc: elements from one row of C to the next
    ///   - scratch: ``scratchElements`` elements
    func run(
        _ table: ColumnPacker<Scalar>.Table, rows: Range<Int>, input: UnsafePointer<Scalar>,
        weights: WeightPanels<Scalar>.Group, bias: UnsafePointer<Scalar>?,
        c: UnsafeMutablePointer<Scalar>, ldc: Int, scratch: UnsafeMutablePointer<Scalar>
    ) {
        let panelRows = (outputs + kernels.mr - 1) / kernels.mr * kernels.mr
        let pixels = table.pixels
        let b = scratch + edgeElements, plane = b + panelElements + 32
        packer.begin(table, plane)
        var k0 = 0
        // loop 4; a sum of nothing is one chunk of length 0, which writes the bias
        repeat {
            let kc = min(blocks.kc, k - k0)
            let shifted =
                kc > 0 && weights.form != .inPlace && !hasColumn ? packer.shifted : nil
            if kc > 0 && shifted == nil && !hasColumn {
                packer.pack(k0..<k0 + kc, table: table, input: input, plane: plane, panels: b)
            }
            var block = GEMMBlock(
                rows: rows, a: weights.first, panelStrideA: kc * kernels.mr, b: b,
                panelStrideB: panelStride, kc: kc, n: pixels.count, isolatesOne: isolatesOne, c: c,
                ldc: ldc, start: k0 == 0 ? bias : nil, edge: scratch)
            if hasColumn { (block.b, block.columnStep) = (input + k0, 1) }
            block.sources = shifted?.rows(
                k0..<k0 + kc, pixels: pixels, tapByTap: false, input: input, scratch: plane)
            switch weights.form {
            case .panels:
                block.a += k0 * panelRows
                block.multiply(kernels, mc: blocks.mc)
            case .inPlace:
                block.a += k0
                (block.panelStrideA, block.isUnpacked) = (k, true)
                block.multiply(kernels, mc: blocks.mc / 3)
            case .packedLate:
                let weights = weights.first + k0
                multiply(block, to: plane + packer.planeElements + 32) { row, rows, panel in
                    kernels.packWeights(
                        WeightPanel(
                            weights: weights + row * k, rowStride: k, rows: rows, depth: kc,
                            panel: panel))
                }
            case .turnedLate:
                let taps = packer.grid.taps.count
                let weights = weights.first + k0 * outputs
                multiply(
                    block, to: plane + packer.planeElements + 32, atATime: blocks.mc
                ) { row, rows, panel in
                    packTurned(
                        weights + row * taps, rows: rows, channels: kc / taps, to: panel)
                }
            }
            k0 += kc
        } while k0 < k
    }

    /// Panels of `mc` rows at a time, which are in L2 when they are used.
    ///
    /// - Parameters:
    ///   - atATime: rows of whole panels that are packed at a time, where they lie together; nil: those of one
    ///   - pack: makes the panels of some rows from the first on
    private func multiply(
        _ block: GEMMBlock<Scalar>, to panels: UnsafeMutablePointer<Scalar>, atATime: Int? = nil,
        pack: (_ row: Int, _ rows: Int, _ panel: UnsafeMutablePointer<Scalar>) -> Void
    ) {
        let rows = block.rows
        var part = block
        part.a = UnsafePointer(panels)
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: blocks.mc) {
            let end = min(rows.upperBound, first + blocks.mc)
            let whole = (end - first) / kernels.mr * kernels.mr
            var row = first
            while row < end {
                let some = row < first + whole ? min(atATime ?? kernels.mr, whole) : end - row
                pack(row, some, panels + (row - first) * block.kc)
                row += some
            }
            part.rows = 0..<end - first
            part.c = block.c + first * block.ldc
            part.start = block.start.map { $0 + first }
            part.multiply(kernels, mc: blocks.mc)
            part.sources = nil
        }
    }

    /// Panels of weights `[channel][m][taps]` with their taps turned round.
    private func packTurned(
        _ weights: UnsafePointer<Scalar>, rows: Int, channels: Int,
        to panel: UnsafeMutablePointer<Scalar>
    ) {
        let taps = packer.grid.taps.count, mr = kernels.mr, count = taps + mr
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * count) { memory in
            let places = memory.baseAddress!, steps = places + count
            for tap in 0..<count {
                (places + tap).initialize(to: (taps - 1 - (tap < taps ? tap : 0)) * mr)
                (steps + tap).initialize(to: taps * mr)
            }
            var operands = TapWeights(
                weights: weights, channelStride: outputs * taps, channels: channels, rows: rows,
                taps: taps, panels: panel, places: places, steps: steps)
            operands.panelPitch = channels * taps * mr
            kernels.packTapWeights(operands)
        }
    }
}
