// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Weights as rows of vectors of output channels, with the bias padded to whole vectors.
///
///     panels  [group][chunk of k][panel][kc][channels of the panel]
///     bias    [group][channels]                                       −0 where there is none
///
/// Or, for one use, the weights where they came, of which each block packs the panel that it needs next.
struct ChannelPanels<Scalar: TensorScalar>: @unchecked Sendable {
    private let blocks: ChannelBlocks
    private let m: Int
    /// Steps of the whole sum.
    private let k: Int
    private let groups: Int
    private let storage: ScratchPool.Lease
    /// Weights `[group][m][k]` that lie where they came.
    private let unpacked: UnsafePointer<Scalar>?
    private let owner: TensorStorage?
    let byteCount: Int
    /// Whether they are known to have no infinity and no NaN, so that zeros need not be multiplied by them.
    let isFinite: Bool

    /// - Parameters:
    ///   - weight: `[groups][m][k]`
    ///   - steps: of the whole sum; of as many as weights, nil
    ///   - owner: what holds them, if they are not to be packed before their use
    ///   - packing: how a group's weights of some steps become rows of some output channels; nil: as they are
    init(
        _ weight: UnsafePointer<Scalar>, isFinite: Bool = false,
        of owner: TensorStorage? = nil, bias: UnsafePointer<Scalar>?,
        m: Int, k: Int, steps: Int? = nil, groups: Int, blocks: ChannelBlocks,
        kernels: GEMMKernels<Scalar>, threads: Int, packing: Packing? = nil
    ) {
        let given = k, k = steps ?? k
        (self.m, self.k, self.groups, self.blocks) = (m, k, groups, blocks)
        self.isFinite = isFinite
        (self.owner, unpacked) = (owner, owner.map { _ in weight })
        let rows = owner == nil ? k + 1 : 1
        byteCount = groups * blocks.paddedChannels * rows * MemoryLayout<Scalar>.stride
        storage = ScratchPool.shared.lease(byteCount: byteCount + 256)
        for group in 0..<groups {
            let starts = UnsafeMutablePointer(mutating: self.bias(ofGroup: group))
            for channel in 0..<blocks.paddedChannels {
                starts[channel] =
                    channel < m ? bias?[group * m + channel] ?? -Scalar.zero : -Scalar.zero
            }
        }
        if owner != nil { return }
        nonisolated(unsafe) let weight = weight
        let panels = self
        ParallelTiles.run(groups * blocks.panelCount, threads: threads) { task, _ in
            let group = task / blocks.panelCount, panel = task % blocks.panelCount
            for first in stride(from: 0, to: k, by: blocks.kc) {
                let some = first..<min(k, first + blocks.kc)
                let to = UnsafeMutablePointer(
                    mutating: panels.panel(panel, of: some, group: group)!)
                if let packing {
                    packing(weight + group * m * given, some, blocks.channels(ofPanel: panel), to)
                } else {
                    panels.pack(weight + group * m * k, some, panel: panel, to: to, kernels)
                }
            }
        }
    }

    typealias Packing =
        @Sendable (
            _ weights: UnsafePointer<Scalar>, _ steps: Range<Int>, _ outputs: Range<Int>,
            _ to: UnsafeMutablePointer<Scalar>
        ) -> Void

    private var base: UnsafePointer<Scalar> {
        UnsafePointer(storage.bytes.assumingMemoryBound(to: Scalar.self))
    }

    /// Where the sums of a group start, one a channel.
    func bias(ofGroup group: Int) -> UnsafePointer<Scalar> {
        base + (unpacked == nil ? groups * blocks.paddedChannels * k : 0)
            + group * blocks.paddedChannels
    }

    /// A panel of a chunk of the sum; nil where it is to be packed first.
    func panel(_ panel: Int, of sum: Range<Int>, group: Int) -> UnsafePointer<Scalar>? {
        if unpacked != nil { return nil }
        return base + (group * k + sum.lowerBound) * blocks.paddedChannels
            + blocks.channels(ofPanel: panel).lowerBound * sum.count
    }

    /// What is read behind a panel: the next one of `panels` or, behind the last, the first of the next chunk; nil where
    /// panels are packed late.
    func ahead(
        of panel: Int, in panels: Range<Int>, _ sum: Range<Int>, group: Int
    ) -> LinesAhead<Scalar>? {
        let next =
            panel + 1 < panels.upperBound
            ? self.panel(panel + 1, of: sum, group: group)
            : self.panel(
                panels.lowerBound, of: sum.upperBound..<min(k, sum.upperBound + blocks.kc),
                group: group)
        return LinesAhead(next, count: sum.count * blocks.channels(ofPanel: panel).count)
    }

    /// Packs a panel right before its use.
    func packLate(
        _ panel: Int, of sum: Range<Int>, group: Int, to: UnsafeMutablePointer<Scalar>,
        _ kernels: GEMMKernels<Scalar>
    ) {
        pack(unpacked! + group * m * k, sum, panel: panel, to: to, kernels)
    }

    private func pack(
        _ weights: UnsafePointer<Scalar>, _ sum: Range<Int>, panel: Int,
        to: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>
    ) {
        kernels.packChannels(
            weights + sum.lowerBound, pitch: k, m: m, sum.count, blocks.channels(ofPanel: panel),
            to: to)
    }
}
