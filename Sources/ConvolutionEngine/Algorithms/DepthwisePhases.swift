// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Depthwise transposed convolutions: ``StridePhases`` with a channel in each lane.
///
/// Goals, in order: the same sums for any number of threads; no lane idle where a group has a single channel,
/// which fills one row of a register tile and leaves the others.
///
///     out[s·q + r] = Σ_k w[k] · in[q + (r + p − k·d) / s]
///
/// as in ``StridePhases``. Rows of the input are turned into lanes once for all phases, the outputs of a phase are
/// summed and put where they belong between the others, and all are turned back: what a band is made of is what
/// ``DirectConvolution`` does with depthwise layers.
///
/// *Error*: one sum of as many products as taps reach an output.
struct DepthwisePhases<Scalar: TensorScalar>: Sendable {
    private let geometry: ConvolutionGeometry
    private let kernels: GEMMKernels<Scalar>
    private let threads: Int
    private let grid: TapGrid
    /// Rows of the grid of a band, and bands of an image.
    private let rows, bands: Int
    /// Pixels of a row of the input in lanes, and those in front of it.
    private let pitch, before: Int
    /// Those of whole bands, and of the last one.
    private let whole, last: Lists

    /// The taps and outputs of a band, phase by phase.
    private struct Lists: Sendable {
        var phases: [LanePhases<Scalar>.Phase] = []
        /// Outputs of a channel.
        var count = 0
        /// Of each tap the offset in the field, then that of its weights; of each output the offset of its window, then
        /// that of its place.
        var table: [Int] = []
        var taps = 0, pixels = 0
    }

    /// Nil where a channel is not a plane with a kernel of its own, or lanes would be idle.
    init?(_ g: ConvolutionGeometry, kernels: GEMMKernels<Scalar>, threads: Int) {
        let lanes = kernels.lanes
        guard
            g.direction == .transposed, g.inputChannelsPerGroup == 1, g.outputChannelsPerGroup == 1,
            g.groups >= lanes, g.kernel.depth == 1, g.inputSize.depth == 1,
            g.outputSize.depth == 1, g.stride.depth == 1, g.paddingBefore.depth == 0,
            g.kernel.count <= 256
        else { return nil }
        let (grid, sets) = StridePhase.grid(g)
        guard !grid.taps.isEmpty else { return nil }
        geometry = g
        self.kernels = kernels
        self.threads = threads
        self.grid = grid
        before = max(0, -grid.lowest.width)
        pitch = before + max(g.inputSize.width, grid.highest.width + grid.size.width)
        // What fits into L2, half a MiB of vectors.
        let extent = grid.highest.height - grid.lowest.height
        // Larger ones are worth nothing here, and products of them might overflow.
        guard pitch < 1 << 16, extent < 1 << 16, g.stride.height < 1 << 16,
            g.outputSize.width < 1 << 16
        else { return nil }
        let perRow = pitch + g.stride.height * g.outputSize.width
        let fitting = 8192 * 64 / (lanes * MemoryLayout<Scalar>.stride) - extent * pitch
        guard fitting >= 2 * perRow else { return nil }
        let channelBlocks = (g.groups + lanes - 1) / lanes
        let share = threads > 1 ? (4 * threads - 1) / max(1, g.batch * channelBlocks) + 1 : 1
        let most = min(fitting / perRow, max(extent + 1, (grid.size.height + share - 1) / share))
        let count = (grid.size.height + most - 1) / most
        rows = (grid.size.height + count - 1) / count
        bands = (grid.size.height + rows - 1) / rows

        let pitch = pitch, before = before
        let offsets = sets.flatMap { set in
            set.taps.map { tap in
                let at = grid.taps[tap.position]
                return ((at.height - grid.lowest.height) * pitch + at.width + before) * lanes
            }
        }
        let weights = sets.flatMap { $0.taps.map { $0.index * lanes } }
        func lists(_ outputRows: Int) -> Lists {
            var lists = Self.lists(
                g, sets, outputRows, pitch: pitch, lanes: lanes, tile: kernels.rows.pixels)
            lists.table = offsets + weights + lists.table
            return lists
        }
        let step = rows * g.stride.height
        whole = lists(min(step, g.outputSize.height))
        last = lists(g.outputSize.height - (bands - 1) * step)
    }

    private static func lists(
        _ g: ConvolutionGeometry, _ sets: [(residue: SpatialTriple, taps: [StridePhase.Tap])],
        _ outputRows: Int, pitch: Int, lanes: Int, tile: Int
    ) -> Lists {
        var lists = Lists(), pixels: [Int] = [], places: [Int] = []
        let width = g.outputSize.width
        lists.count = outputRows * width
        for set in sets {
            let first = pixels.count
            for y in stride(from: set.residue.height, to: outputRows, by: g.stride.height) {
                for x in stride(from: set.residue.width, to: width, by: g.stride.width) {
                    let pixel = y / g.stride.height * pitch + x / g.stride.width
                    pixels.append(pixel * lanes)
                    places.append((y * width + x) * lanes)
                }
            }
            while pixels.count % tile > 0 {
                pixels.append(0)
                places.append(lists.count * lanes)
            }
            lists.phases.append(
                LanePhases<Scalar>.Phase(
                    taps: lists.taps..<lists.taps + set.taps.count, pixels: first..<pixels.count))
            lists.taps += set.taps.count
        }
        lists.pixels = pixels.count
        lists.table = pixels + places
        return lists
    }

    /// Elements of a worker's weights, field and sums.
    private var sizes: (turned: Int, field: Int, sums: Int) {
        func vectors(_ count: Int) -> Int { (count * kernels.lanes + 15) / 16 * 16 }
        let extent = grid.highest.height - grid.lowest.height
        return (
            vectors(geometry.kernel.count + 8), vectors((rows + extent) * pitch + 8),
            vectors(whole.count + 1)
        )
    }
    private var workerElements: Int { sizes.turned + sizes.field + sizes.sums }
    var scratchByteCount: Int { threads * workerElements * MemoryLayout<Scalar>.stride }

    /// Weights and bias are read as they came.
    func prepare(_ weight: Tensor, bias: Tensor?) -> WeightSet<Scalar> {
        WeightSet(panels: [], asGiven: .init(weight: weight, bias: bias))
    }

    /// Over the cores: images x blocks of channels x bands.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        let channelBlocks = (geometry.groups + kernels.lanes - 1) / kernels.lanes
        weights.asGiven!.withPointers { weight, bias in
            let given = LaneWeights(weight: weight, bias: bias)
            ParallelTiles.run(geometry.batch * channelBlocks * bands, threads: threads) {
                task, worker in
                let plane = task / bands
                sumBand(
                    task % bands, image: plane / channelBlocks,
                    channel: plane % channelBlocks * kernels.lanes, operands, given,
                    operands.scratch + worker * workerElements)
            }
        }
    }

    private func sumBand(
        _ band: Int, image: Int, channel: Int, _ operands: RunOperands<Scalar>,
        _ given: LaneWeights<Scalar>, _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let g = geometry, plane = image * g.groups + channel
        let lists = band < bands - 1 ? whole : last
        let channels = min(kernels.lanes, g.groups - channel), taps = g.kernel.count
        let first = band * rows + grid.lowest.height
        let some = min(rows, grid.size.height - band * rows)
        let output =
            operands.output + plane * g.outputSize.count
            + band * rows * g.stride.height * g.outputSize.width
        lists.phases.withUnsafeBufferPointer { phases in
            lists.table.withUnsafeBufferPointer { table in
                let offsets = table.baseAddress!, pixels = offsets + 2 * lists.taps
                kernels.rows.sumLanePhases(
                    LaneOperands(
                        channels: channels,
                        field: LaneField(
                            values: operands.input + plane * g.inputSize.count,
                            channelPitch: g.inputSize.count, height: g.inputSize.height,
                            width: g.inputSize.width,
                            rows: first..<first + some + grid.highest.height - grid.lowest.height,
                            before: before, pitch: pitch, to: scratch + sizes.turned),
                        weights: given.weight + channel * taps, taps: taps,
                        starts: given.bias.map { $0 + channel }, start: -.zero, offsets: offsets,
                        pixels: pixels, count: lists.count, output: output,
                        outputPitch: g.outputSize.count, turned: scratch,
                        sums: scratch + sizes.turned + sizes.field),
                    LanePhases(
                        all: phases, weights: offsets + lists.taps,
                        places: pixels + lists.pixels))
            }
        }
        operands.finish(output, rows: channels, pitch: g.outputSize.count, count: lists.count)
    }
}
