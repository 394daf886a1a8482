// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// How much of each matrix a cache holds.
///
/// `kc` decides the order of the sums, so it depends on shapes and the tile alone: not on the number of
/// threads, not on the batch.
struct BlockSizes: Sendable, Equatable {
    /// Length of the sums between two visits to C.
    let kc: Int
    /// Rows of A that stay in L2: 192 rows of 256 floats take 192 of 512 KB.
    let mc: Int
    /// Blocks that the pixels are divided into, of whole panels each.
    let blockCount: Int
    /// Parts that the output channels are divided into, for images of few pixels.
    let splitCount: Int

    private let n: Int
    private let nr: Int
    private let m: Int
    private let mr: Int

    /// - Parameters:
    ///   - m: output channels of a group
    ///   - n: pixels of an image
    ///   - k: length of the whole sum, `taps` of it a channel
    ///   - images: independent products that share the cores (batch x groups)
    ///   - threads: cores; changes what is computed together, never the result
    ///   - packing: rows of C that are computed in the time in which their columns are packed
    ///   - weightPacking: panels of C that are computed in the time in which their weights are packed, where each
    ///     block packs them anew
    init<Scalar>(
        m: Int, n: Int, k: Int, taps: Int, images: Int, threads: Int, packing: Double = 12,
        weightPacking: Double = 0, kernels: GEMMKernels<Scalar>
    ) {
        // At most 240 pixels: B passes through L2 once, A is read from L2 ten times.
        self.init(
            m: m, n: n,
            kc: Self.chunk(
                k: k, taps: taps, panelRowByteCount: kernels.nr * MemoryLayout<Scalar>.stride),
            mostPixels: 240, packing: packing, weightPacking: weightPacking, images: images,
            threads: threads, kernels: kernels)
    }

    /// - Parameters:
    ///   - kc: length of the sums between two visits to C
    ///   - mostPixels: pixels of a block that the caches have room for
    ///   - packing: rows of C that are computed in the time in which their columns are packed
    ///   - weightPacking: see above
    init<Scalar>(
        m: Int, n: Int, kc: Int, mostPixels: Int, packing: Double = 12, weightPacking: Double = 0,
        images: Int, threads: Int, kernels: GEMMKernels<Scalar>
    ) {
        (self.m, self.n, mr, nr) = (m, n, kernels.mr, kernels.nr)
        self.kc = kc
        mc = 192
        let panels = max(1, (n + nr - 1) / nr), rows = max(1, (m + mr - 1) / mr)
        let fitting = n <= mostPixels ? 1 : (panels * nr + mostPixels - 1) / mostPixels
        var best = (time: Double.infinity, blocks: fitting, splits: 1)
        // As many blocks and splits as let all cores work to the end, the last task taking a quarter
        // longer than the largest for what else the machine does. Panels of A come from L3 once a block,
        // and a block packs rows at its edges that its neighbours pack too.
        let most = min(panels, max(fitting, 8 * threads))
        for blocks in fitting...max(fitting, most) {
            for splits in 1...min(rows, 2 * threads) {
                let tasks = max(1, images) * blocks * splits
                let some = Double((rows + splits - 1) / splits * mr)
                func task(_ panels: Double) -> Double {
                    panels * (some + packing) + some * (0.25 + weightPacking) + 2 * packing
                }
                let late = threads > 1 ? 0.25 * task(Double((panels + blocks - 1) / blocks)) : 0
                let rounds = Double((tasks + threads - 1) / threads)
                let time = rounds * task(Double(panels) / Double(blocks)) + late
                if time < best.time { best = (time, blocks, splits) }
            }
        }
        (blockCount, splitCount) = (best.blocks, best.splits)
    }

    /// The tasks of `images` products.
    func tasks(images: Int) -> BlockTasks {
        BlockTasks(images: images, blocks: blockCount, splits: splitCount)
    }

    /// The pixels of a block: whole panels, shared out evenly.
    func pixels(ofBlock block: Int) -> Range<Int> {
        let panels = (n + nr - 1) / nr
        return panels * block / blockCount * nr..<min(n, panels * (block + 1) / blockCount * nr)
    }

    /// The output channels of a split: whole panels, shared out evenly.
    func channels(ofSplit split: Int) -> Range<Int> {
        let panels = (m + mr - 1) / mr
        return panels * split / splitCount * mr..<min(m, panels * (split + 1) / splitCount * mr)
    }

    /// The most pixels that a block has.
    var mostPixels: Int {
        let panels = max(1, (n + nr - 1) / nr)
        return (panels + blockCount - 1) / blockCount * nr
    }

    /// Chunks of equal length, of whole channels where these are short.
    static func chunk(k: Int, taps: Int, panelRowByteCount: Int) -> Int {
        chunk(k: k, taps: taps, most: fitting(panelRowByteCount))
    }

    /// The same of at most so many products.
    static func chunk(k: Int, taps: Int, most: Int) -> Int {
        let unit = taps > most / 2 ? 1 : max(1, taps)
        let units = max(1, k / unit)
        let chunks = (units + most / unit - 1) / (most / unit)
        return (units + chunks - 1) / chunks * unit
    }

    /// The longest chunk of a sum: at most 256 (longer sums round worse: rms 3.0e-7 at 256, 6.0e-7 at 1200). The panel
    /// of B takes 24 KB with AVX2 and 48 KB with AVX-512, whose tile reads 8 bytes of it a cycle: where L1 is smaller L2
    /// has them in time, while shorter chunks visit C more often (Zen 4, 32 KB of L1: sums of 128 take 1.03-1.10 times
    /// as long).
    static func fitting(_ panelRowByteCount: Int) -> Int {
        min(256, max(32, 48 * 1024 / panelRowByteCount))
    }
}
