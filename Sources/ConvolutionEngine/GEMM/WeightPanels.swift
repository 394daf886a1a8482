// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Where the weights of one output channel stand among those of a group.
struct WeightLayout: Sendable {
    /// Elements from one output channel to the next.
    let rowStride: Int
    /// Elements from one input channel to the next.
    let channelStride: Int
    /// Which of a channel's taps are used, in the order of the sum.
    let taps: [Int]

    /// Whether a row's weights lie in the order of the sum, without gaps.
    var isContiguous: Bool {
        channelStride == taps.count && taps.enumerated().allSatisfy { $0 == $1 }
    }
}

/// Weights in the order in which the kernels read them, with the bias padded to whole panels.
///
///     panels  [group][ceil(k / kc)][ceil(m / mr)][kc][mr]      missing rows are zeros
///     bias    [group][ceil(m / mr)·mr]                         −0 where there is none
///
/// The panels of a chunk of the sum follow each other, so that what is read next is what comes next. Where sums run over
/// one tap after the other, there is a set of them for each tap:
///
///     panels  [group][tap][ceil(channels / kc)][ceil(m / mr)][kc][mr]
struct WeightPanels<Scalar: TensorScalar>: @unchecked Sendable {
    let mr: Int
    let m: Int
    let k: Int
    /// Length of a chunk; the last one may be shorter.
    let kc: Int
    let groups: Int
    private let storage: ScratchPool.Lease
    /// Weights `[group][m][k]` that lie where they came; there are no panels then.
    private let unpacked: UnsafePointer<Scalar>?
    private let form: Group.Form
    private let owner: TensorStorage?

    /// Whether each block of a product packs the weights that it needs.
    var isPackedLate: Bool { form == .packedLate || form == .turnedLate }

    let byteCount: Int
    var panelCount: Int { (m + mr - 1) / mr }
    private var panelElements: Int { unpacked == nil ? groups * panelCount * k * mr : 0 }

    /// Room for `groups` times m x k weights; filled by ``pack(_:_:bias:kernels:threads:)``.
    init(m: Int, k: Int, kc: Int, groups: Int, mr: Int) {
        (self.m, self.k, self.kc, self.groups, self.mr) = (m, k, max(1, kc), groups, mr)
        (unpacked, owner, form) = (nil, nil, .panels)
        let rows = groups * ((m + mr - 1) / mr) * mr
        byteCount = rows * (k + 1) * MemoryLayout<Scalar>.stride
        storage = ScratchPool.shared.lease(byteCount: byteCount)
    }

    /// Weights in the place of panels, with room for the bias; where products read them there, m is a multiple
    /// of mr.
    init(
        _ form: Group.Form, _ weight: UnsafePointer<Scalar>, of owner: TensorStorage, m: Int,
        k: Int, groups: Int, mr: Int
    ) {
        (self.m, self.k, kc, self.groups, self.mr) = (m, k, max(1, k), groups, mr)
        (unpacked, self.owner, self.form) = (weight, owner, form)
        byteCount = groups * ((m + mr - 1) / mr) * mr * MemoryLayout<Scalar>.stride
        storage = ScratchPool.shared.lease(byteCount: byteCount)
    }

    /// The bias alone.
    func copyBias(_ bias: UnsafePointer<Scalar>?) {
        let source = Source(weight: unpacked!, bias: bias, base: base)
        for group in 0..<groups {
            for row in stride(from: 0, to: m, by: mr) { packBias(source, group: group, row: row) }
        }
    }

    /// What a product reads of one group.
    struct Group {
        let first: UnsafePointer<Scalar>
        let form: Form

        /// What is at `first`.
        enum Form: Sendable {
            /// Panels.
            case panels
            /// Weights `[m][k]`, which the tiles read.
            case inPlace
            /// Weights `[m][k]`, of which panels are made right before their use.
            case packedLate
            /// The same of weights `[channel][m][taps]`, whose taps are to be turned round.
            case turnedLate
        }
    }

    /// The weights of a group.
    func group(_ group: Int) -> Group {
        Group(first: unpacked.map { $0 + group * m * k } ?? panels(ofGroup: group), form: form)
    }

    /// The weights of one tap and group, of panels that are packed tap by tap.
    func group(_ group: Int, tap: Int, of taps: Int) -> Group {
        Group(first: panels(ofGroup: group) + tap * (k / taps) * panelCount * mr, form: form)
    }

    private var base: UnsafeMutablePointer<Scalar> {
        storage.bytes.assumingMemoryBound(to: Scalar.self)
    }

    /// The first panel of a group; that of the chunk at k0 is `k0 · panelCount · mr` further.
    func panels(ofGroup group: Int) -> UnsafePointer<Scalar> {
        UnsafePointer(base + group * panelCount * k * mr)
    }

    /// The bias of a group's channels: as many as the panels have rows.
    func bias(ofGroup group: Int) -> UnsafePointer<Scalar> {
        UnsafePointer(base + panelElements + group * panelCount * mr)
    }

    /// Fills the panels from `weight` and `bias` as they came, on several cores where it pays.
    func pack(
        _ weight: UnsafePointer<Scalar>, _ layout: WeightLayout, bias: UnsafePointer<Scalar>?,
        kernels: GEMMKernels<Scalar>, groupStride: Int, threads: Int
    ) {
        let panels = panelCount
        let perTask = max(1, 32_768 / max(1, k * mr))
        let tasks = (groups * panels + perTask - 1) / perTask
        let source = Source(weight: weight, bias: bias, base: base)
        let squares = layout.isContiguous && mr == kernels.mr
        ParallelTiles.run(tasks, threads: threads) { task, _ in
            for i in task * perTask..<min(groups * panels, (task + 1) * perTask) {
                let group = i / panels, first = i % panels * mr
                let rows = source.weight + group * groupStride + first * layout.rowStride
                let count = min(mr, m - first)
                for k0 in stride(from: 0, to: k, by: kc) {
                    let depth = min(kc, k - k0)
                    let panel =
                        source.base + group * panels * k * mr + k0 * panels * mr
                        + i % panels * depth * mr
                    if squares {
                        kernels.packWeights(
                            WeightPanel(
                                weights: rows + k0, rowStride: layout.rowStride, rows: count,
                                depth: depth, panel: panel))
                    } else {
                        gather(rows, layout, k0..<k0 + depth, count, panel)
                    }
                }
                packBias(source, group: group, row: first)
            }
        }
    }

    /// Where a sum without bias starts: at −0, the number that changes no other when added, so that a
    /// −0 sent through an identity comes back; an empty sum is 0.
    private var sumStart: Scalar { k == 0 ? .zero : -.zero }

    private func gather(
        _ rows: UnsafePointer<Scalar>, _ layout: WeightLayout, _ sum: Range<Int>, _ count: Int,
        _ panel: UnsafeMutablePointer<Scalar>
    ) {
        var to = panel
        let taps = layout.taps.count
        for k in sum {
            let from = rows + k / taps * layout.channelStride + layout.taps[k % taps]
            for r in 0..<mr { to[r] = r < count ? from[r * layout.rowStride] : .zero }
            to += mr
        }
    }

    /// Pointers that several cores read, and panels that each writes for itself.
    private struct Source: @unchecked Sendable {
        let weight: UnsafePointer<Scalar>
        let bias: UnsafePointer<Scalar>?
        let base: UnsafeMutablePointer<Scalar>
    }
}

extension WeightPanels {
    /// Fills the panels for a transposed convolution, from weights `[channel][m][taps]` of each group: in
    /// a chunk of channels, the panels of the first phase's taps, then the next one's.
    ///
    ///     panels  [group][chunk][phase][ceil(m / mr)][channel][tap of the phase][mr]
    func pack(
        _ weight: UnsafePointer<Scalar>, phases: [[Int]], bias: UnsafePointer<Scalar>?,
        kernels: GEMMKernels<Scalar>, threads: Int
    ) {
        let taps = phases.reduce(0) { $0 + $1.count }
        let channels = k / max(1, taps), atATime = kc / max(1, taps)
        let chunks = max(1, (channels + atATime - 1) / max(1, atATime))
        let source = Source(weight: weight, bias: bias, base: base)
        let perTask = max(1, 32_768 / max(1, kc * mr))
        let count = groups * panelCount * chunks
        ParallelTiles.run((count + perTask - 1) / perTask, threads: threads) { task, _ in
            var chunkPanels = PhasePanels(phases, channels: 0, perPhase: panelCount, kernels)
            for i in task * perTask..<min(count, (task + 1) * perTask) {
                let panel = i / chunks, first = i % chunks * atATime
                let group = panel / panelCount, row = panel % panelCount * mr
                if i % chunks == 0 { packBias(source, group: group, row: row) }
                let some = min(atATime, channels - first)
                guard some > 0, taps > 0 else { continue }
                chunkPanels.channels = some
                chunkPanels.pack(
                    source.weight + ((group * channels + first) * m + row) * taps, m: m,
                    rows: min(mr, m - row), panel: panel % panelCount,
                    to: source.base + (group * k + first * taps) * panelCount * mr)
            }
        }
    }

    /// Fills the panels tap by tap, from weights `[m][channel][taps]` of each group.
    func packByTap(
        _ weight: UnsafePointer<Scalar>, taps: Int, bias: UnsafePointer<Scalar>?,
        kernels: GEMMKernels<Scalar>, threads: Int
    ) {
        let source = Source(weight: weight, bias: bias, base: base)
        let channels = k / taps, tapPitch = channels * panelCount * mr
        ParallelTiles.run(groups * panelCount, threads: threads) { task, _ in
            let group = task / panelCount, panel = task % panelCount
            let rows = source.weight + (group * m + panel * mr) * k
            for first in stride(from: 0, to: channels, by: kc) {
                let some = min(kc, channels - first)
                kernels.winograd.splitTaps(
                    TapPanels(
                        weights: rows + first * taps, rowStride: k, rows: min(mr, m - panel * mr),
                        channels: some, taps: taps,
                        to: source.base + group * taps * tapPitch
                            + (first * panelCount + panel * some) * mr,
                        tapPitch: tapPitch))
            }
            packBias(source, group: group, row: panel * mr)
        }
    }

    private func packBias(_ source: Source, group: Int, row: Int) {
        let biases = source.base + panelElements + group * panelCount * mr + row
        for r in 0..<mr {
            biases[r] = (row + r < m ? source.bias?[group * m + row + r] : nil) ?? sumStart
        }
    }
}

extension ConvolutionGeometry {
    /// Elements of the weights of one group, forward and transposed.
    var weightElementsPerGroup: Int {
        inputChannelsPerGroup * outputChannelsPerGroup * kernel.count
    }
}

/// Everything that a plan made of the weights.
struct WeightSet<Scalar: TensorScalar>: Sendable {
    /// One set of panels for each product.
    let panels: [WeightPanels<Scalar>]
    /// `[C_out]`, where the bias is not among the panels.
    var bias: [Scalar] = []
    /// The kernel as a matrix, where that is how it is used.
    var matrix: SparseMatrix<Scalar>?
    /// The kernel at the points of minimal filtering, where that is how it is used.
    var winograd: WinogradWeights<Scalar>?
    /// Whether they are known to have no infinity and no NaN, so that zeros need not be multiplied by them.
    var isFinite = false
    /// The tensors themselves, where they are read as they came: no memory of their own.
    var asGiven: Given?

    /// Weight and bias.
    struct Given: Sendable {
        let weight: Tensor
        let bias: Tensor?

        func withPointers(
            _ body: (_ weight: UnsafePointer<Scalar>, _ bias: UnsafePointer<Scalar>?) -> Void
        ) {
            weight.withElements(of: Scalar.self) { weight in
                guard let bias else { return body(weight.baseAddress!, nil) }
                bias.withElements(of: Scalar.self) { body(weight.baseAddress!, $0.baseAddress!) }
            }
        }
    }
    /// The kernels' transforms, where those are used.
    var spectra: KernelSpectra<Scalar>?
    /// Panels with output channels in the lanes, where those are used.
    var channels: ChannelPanels<Scalar>?

    /// Memory that they take.
    var byteCount: Int {
        panels.reduce(0) { $0 + $1.byteCount } + bias.count * MemoryLayout<Scalar>.stride
            + (matrix?.byteCount ?? 0) + (winograd?.byteCount ?? 0) + (spectra?.byteCount ?? 0)
            + (channels?.byteCount ?? 0)
    }
}

extension WeightSet {
    /// Panels without a bias, and a copy of it, `count` zeros where there is none.
    init(panels: [WeightPanels<Scalar>], bias: UnsafePointer<Scalar>?, count: Int) {
        let copy = bias.map { Array(UnsafeBufferPointer(start: $0, count: count)) }
        self.init(panels: panels, bias: copy ?? Array(repeating: 0, count: count))
    }
}
