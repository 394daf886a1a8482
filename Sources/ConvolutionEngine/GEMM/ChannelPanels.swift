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
    ///   - filter: what is made of them first
    ///   - owner: what holds them, if they are not to be packed before their use
    init(
        _ weight: UnsafePointer<Scalar>, isFinite: Bool = false, filter: StrideFilter? = nil,
        of owner: TensorStorage? = nil, bias: UnsafePointer<Scalar>?,
        m: Int, k: Int, groups: Int, blocks: ChannelBlocks, kernels: GEMMKernels<Scalar>,
        threads: Int
    ) {
        let steps = filter.map { k / $0.kernelTaps * $0.taps } ?? k
        (self.m, self.k, self.groups, self.blocks) = (m, steps, groups, blocks)
        self.isFinite = isFinite
        (self.owner, unpacked) = (owner, owner.map { _ in weight })
        let rows = owner == nil ? steps + 1 : 1
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
            for first in stride(from: 0, to: steps, by: blocks.kc) {
                let some = first..<min(steps, first + blocks.kc)
                let to = UnsafeMutablePointer(
                    mutating: panels.panel(panel, of: some, group: group)!)
                if let filter {
                    panels.pack(
                        weight + group * m * k, some, panel: panel, to: to, kernels, filter)
                } else {
                    panels.pack(weight + group * m * k, k, some, panel: panel, to: to, kernels)
                }
            }
        }
    }

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

    /// Packs a panel right before its use.
    func packLate(
        _ panel: Int, of sum: Range<Int>, group: Int, to: UnsafeMutablePointer<Scalar>,
        _ kernels: GEMMKernels<Scalar>
    ) {
        pack(unpacked! + group * m * k, k, sum, panel: panel, to: to, kernels)
    }

    /// The kernels of a chunk's channels, and what minimal filtering makes of them.
    private func pack(
        _ weights: UnsafePointer<Scalar>, _ sum: Range<Int>, panel: Int,
        to: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>, _ filter: StrideFilter
    ) {
        let given =
            sum.lowerBound / filter.taps * filter.kernelTaps..<sum.upperBound / filter.taps
            * filter.kernelTaps
        let width = blocks.channels(ofPanel: panel).count
        ScratchPool.shared.withScratch(
            byteCount: given.count * width * MemoryLayout<Scalar>.stride + 256
        ) {
            let packed = $0.assumingMemoryBound(to: Scalar.self)
            pack(
                weights, k / filter.taps * filter.kernelTaps, given, panel: panel, to: packed,
                kernels)
            filter.filter(
                packed, channels: sum.count / filter.taps, width: width, to: to)
        }
    }

    /// - Parameter pitch: from one output channel's weights to the next one's
    private func pack(
        _ weights: UnsafePointer<Scalar>, _ pitch: Int, _ sum: Range<Int>, panel: Int,
        to: UnsafeMutablePointer<Scalar>, _ kernels: GEMMKernels<Scalar>
    ) {
        let channels = blocks.channels(ofPanel: panel)
        let rows = min(m, channels.upperBound) - channels.lowerBound
        let first = weights + channels.lowerBound * pitch + sum.lowerBound
        let squares = rows / kernels.mr * kernels.mr
        var operands = WeightPanel(
            weights: first, rowStride: pitch, rows: squares, depth: sum.count, panel: to)
        operands.pitch = channels.count
        if squares > 0 { kernels.packWeights(operands) }
        for row in squares..<channels.count {
            for i in 0..<sum.count {
                to[i * channels.count + row] = row < rows ? first[row * pitch + i] : .zero
            }
        }
    }
}
