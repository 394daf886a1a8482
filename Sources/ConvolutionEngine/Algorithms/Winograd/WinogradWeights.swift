// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Weights at the points of the filters, in panels:
///
///     [group][point][depth of the kernel][chunk of channels][ceil(m / mr)][channel][mr]
///
/// in the order in which they are read; missing rows are zeros. A panel of a chunk is whole vectors, so
/// that no core writes into what is another's.
struct WinogradWeights<Scalar: TensorScalar>: Sendable {
    /// Channels whose products are summed before they are added to the sums.
    static var chunk: Int { 128 }

    private let channels, panelCount: Int
    private let kernels: GEMMKernels<Scalar>
    private let depthStride, pointStride: Int
    private let groupStride: Int
    /// Nil where they are transformed in the course of the run.
    private let storage: ScratchPool.Lease?
    /// What the weights were, for an input that has to be computed otherwise.
    let source: WeightSet<Scalar>.Given

    private let bias: [Scalar]

    private let elements: Int

    var byteCount: Int { (elements + bias.count) * MemoryLayout<Scalar>.stride }

    /// Whether the run transforms them, each right before its only use.
    var isDeferred: Bool { storage == nil }

    private var base: UnsafeMutablePointer<Scalar> {
        storage!.bytes.assumingMemoryBound(to: Scalar.self)
    }

    /// What is added to all outputs of a channel.
    func bias(ofChannel channel: Int) -> Scalar { bias.isEmpty ? .zero : bias[channel] }

    /// Elements from one panel to the next, in the chunk that begins at a channel.
    func panelStride(at channel: Int) -> Int {
        kernels.panelElements(depth: min(Self.chunk, channels - channel))
    }

    /// The first panel of a chunk.
    func panels(group: Int, point: Int, depth: Int, at channel: Int) -> UnsafePointer<Scalar> {
        UnsafePointer(base + group * groupStride + point * pointStride)
            + depth * depthStride + channel * kernels.mr * panelCount
    }

    init(
        _ weight: Tensor, bias: Tensor?, _ g: ConvolutionGeometry, _ tiling: WinogradTiling,
        kernels: GEMMKernels<Scalar>, threads: Int, isDeferred: Bool
    ) {
        source = .init(weight: weight, bias: bias)
        self.bias = bias?.elements(of: Scalar.self) ?? []
        let panels = (g.outputChannelsPerGroup + kernels.mr - 1) / kernels.mr
        (channels, panelCount) = (g.inputChannelsPerGroup, panels)
        self.kernels = kernels
        let whole = channels / Self.chunk * Self.chunk
        let rest = kernels.panelElements(depth: channels - whole)
        depthStride = panels * (whole * kernels.mr + rest)
        pointStride = g.kernel.depth * depthStride + 16
        groupStride = tiling.weightPoints * pointStride
        elements = isDeferred ? 0 : g.groups * groupStride + 16
        storage =
            isDeferred
            ? nil : ScratchPool.shared.lease(byteCount: elements * MemoryLayout<Scalar>.stride)
        if isDeferred { return }
        transform(weight, g, Transform(g, tiling, kernels, pointStride: pointStride), threads)
    }

    /// Over the cores: groups x panels.
    private func transform(
        _ weight: Tensor, _ g: ConvolutionGeometry, _ transform: Transform, _ threads: Int
    ) {
        let byteCount = transform.workElements * MemoryLayout<Scalar>.stride * threads
        let mr = kernels.mr
        weight.withElements(of: Scalar.self) { weight in
            let source = UncheckedPointer(UnsafeMutablePointer(mutating: weight.baseAddress!))
            ScratchPool.shared.withScratch(byteCount: byteCount) { scratch in
                let work = UncheckedPointer(scratch.assumingMemoryBound(to: Scalar.self))
                ParallelTiles.run(g.groups * panelCount, threads: threads) { task, worker in
                    let group = task / panelCount, panel = task % panelCount
                    let from = source.pointer + group * g.weightElementsPerGroup
                    let first = panel * mr
                    let rows = first..<min(first + mr, g.outputChannelsPerGroup)
                    let memory = work.pointer + worker * transform.workElements
                    for channel in stride(from: 0, to: channels, by: Self.chunk) {
                        let to =
                            base + group * groupStride + channel * mr * panelCount
                            + panel * panelStride(at: channel)
                        transform.run(
                            from, transform.tiling.downPhases, rows: rows,
                            channels: channel..<min(channel + Self.chunk, channels), to: to,
                            depthStride: depthStride, work: memory)
                    }
                }
            }
        }
    }

    /// A panel of a chunk: its taps apart, then along rows, then along columns.
    struct Transform: Sendable {
        let geometry: ConvolutionGeometry
        let tiling: WinogradTiling
        let kernels: GEMMKernels<Scalar>
        let pointStride: Int

        init(
            _ geometry: ConvolutionGeometry, _ tiling: WinogradTiling,
            _ kernels: GEMMKernels<Scalar>, pointStride: Int
        ) {
            (self.geometry, self.tiling, self.kernels) = (geometry, tiling, kernels)
            self.pointStride = pointStride
        }

        private var tapPitch: Int {
            min(WinogradWeights.chunk, geometry.inputChannelsPerGroup) * kernels.mr + 32
        }
        private var tapElements: Int { geometry.kernel.count * tapPitch }
        private var rowElements: Int {
            tiling.across.weightPoints * geometry.kernel.height * tapPitch
        }
        var workElements: Int { (tapElements + rowElements + 64) / 16 * 16 }

        /// - Parameters:
        ///   - weight: the group's
        ///   - phases: of the rows; the points of the first come first
        func run(
            _ weight: UnsafePointer<Scalar>, _ phases: [WinogradAxis.Phase], rows: Range<Int>,
            channels: Range<Int>, to: UnsafeMutablePointer<Scalar>, depthStride: Int,
            work: UnsafeMutablePointer<Scalar>
        ) {
            let kernel = geometry.kernel
            split(weight, rows: rows, channels: channels, to: work)
            for depth in 0..<kernel.depth {
                transform(
                    phases, work + depth * kernel.height * kernel.width * tapPitch,
                    vectors: kernels.panelElements(depth: channels.count) / kernels.lanes,
                    between: work + tapElements, to: to + depth * depthStride)
            }
        }

        /// `[tap][channel][mr]`; transposed weights come channel by channel.
        private func split(
            _ weight: UnsafePointer<Scalar>, rows: Range<Int>, channels: Range<Int>,
            to: UnsafeMutablePointer<Scalar>
        ) {
            let taps = geometry.kernel.count
            if geometry.direction == .forward {
                let rowStride = geometry.inputChannelsPerGroup * taps
                kernels.winograd.splitTaps(
                    TapPanels(
                        weights: weight + rows.lowerBound * rowStride + channels.lowerBound * taps,
                        rowStride: rowStride, rows: rows.count, channels: channels.count,
                        taps: taps, to: to, tapPitch: tapPitch))
                return
            }
            for (i, channel) in channels.enumerated() {
                let first = channel * geometry.outputChannelsPerGroup + rows.lowerBound
                kernels.winograd.splitTaps(
                    TapPanels(
                        weights: weight + first * taps, rowStride: taps, rows: rows.count,
                        channels: 1, taps: taps, to: to + i * kernels.mr, tapPitch: tapPitch))
            }
        }

        private func transform(
            _ phases: [WinogradAxis.Phase], _ taps: UnsafePointer<Scalar>, vectors: Int,
            between: UnsafeMutablePointer<Scalar>,
            to: UnsafeMutablePointer<Scalar>
        ) {
            let height = geometry.kernel.height, width = geometry.kernel.width
            let across = tiling.across.weightPoints
            for phase in tiling.acrossPhases {
                _ = kernels.winograd.transform(
                    phase.filter.weight,
                    TransformOperands(
                        from: taps + phase.firstTap * tapPitch, offsets: offsets(phase),
                        fromPitch: width * tapPitch, rows: height, vectors: vectors,
                        to: between + phase.firstWeightPoint * height * tapPitch,
                        toStride: height * tapPitch, toPitch: tapPitch))
            }
            for phase in phases {
                _ = kernels.winograd.transform(
                    phase.filter.weight,
                    TransformOperands(
                        from: between + phase.firstTap * tapPitch, offsets: offsets(phase),
                        fromPitch: height * tapPitch, rows: across, vectors: vectors,
                        to: to + (phase.firstWeightPoint - phases[0].firstWeightPoint) * across
                            * pointStride,
                        toStride: across * pointStride, toPitch: pointStride))
            }
        }

        private func offsets(_ phase: WinogradAxis.Phase) -> InlineArray<6, Int> {
            InlineArray { $0 * phase.tapStep * tapPitch }
        }
    }
}

extension GEMMKernels {
    /// Elements of a panel of A in whole vectors, so that no core writes into what is another's.
    func panelElements(depth: Int) -> Int { (depth * mr + lanes - 1) / lanes * lanes }
}

/// A pointer that several cores use, each in places of its own.
struct UncheckedPointer<Scalar>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Scalar>
    init(_ pointer: UnsafeMutablePointer<Scalar>) { self.pointer = pointer }
}
