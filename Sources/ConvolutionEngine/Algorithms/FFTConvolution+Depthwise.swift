// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// One channel in and out of each group: lanes are channels, or boxes of one channel, whichever leave
/// fewer idle. Lanes know nothing of each other, so the result is the same.
extension FFTConvolution {
    /// Whether the lanes of a vector are the same box of neighbouring channels.
    private var lanesAreChannels: Bool {
        let channelWise = Double((geometry.groups + lanes - 1) / lanes) * Double(boxes)
        let boxWise = Double((boxes + lanes - 1) / lanes) * Double(geometry.groups)
        return channelWise < boxWise
    }
    private var channelBlocks: Int { (geometry.groups + lanes - 1) / lanes }
    /// Elements of a spectrum for all lanes.
    private var laneSpectrum: Int { tile.points * tile.point }

    /// `[channels / lanes][points][re, im][lanes]` or `[channels][points][re, im]`.
    func depthwiseSpectra(_ weight: UnsafePointer<Scalar>) -> KernelSpectra<Scalar> {
        let channels = geometry.groups, taps = geometry.kernel.count
        let perLane = lanesAreChannels
        let count = perLane ? channelBlocks * laneSpectrum : channels * tile.points * 2
        let spectra = KernelSpectra<Scalar>(count: count, rawCount: channels * taps)
        spectra.weight.update(from: weight, count: channels * taps)
        let worker = workerElements + (perLane ? 0 : laneSpectrum)
        let stride = MemoryLayout<Scalar>.stride
        ScratchPool.shared.withScratch(byteCount: threads * worker * stride) { scratch in
            let scratch = SharedMemory(scratch.assumingMemoryBound(to: Scalar.self))
            ParallelTiles.run(channelBlocks, threads: threads) { block, index in
                let memory = scratch.base + index * worker
                let bench = FourierBench(tile: tile, memory: memory)
                let first = block * lanes
                bench.load(
                    kernels: spectra.weight + first * taps, pitch: taps,
                    count: min(lanes, channels - first), scale: scale, of: geometry)
                let to =
                    perLane ? spectra.values + block * laneSpectrum : memory + workerElements
                tile.lastLines(bench.samples) { lines, point in
                    kernels.analyze(
                        lines,
                        ScatteredPoints(
                            first: to + point * tile.point, run: 1, pitch: 0,
                            runPitch: tile.point))
                }
                if perLane { return }
                for lane in 0..<min(lanes, channels - first) {
                    let values = spectra.values + (first + lane) * tile.points * 2
                    for i in 0..<2 * tile.points { values[i] = to[i * lanes + lane] }
                }
            }
        }
        return spectra
    }

    /// What makes an inverse transform of a transform.
    var scale: Scalar { 1 / Scalar(tile.points) }

    /// Over the cores: vectors of boxes.
    func filterChannels(
        _ operands: RunOperands<Scalar>, _ spectra: KernelSpectra<Scalar>, bias: [Scalar],
        _ note: @Sendable (Int) -> Void
    ) {
        let perLane = lanesAreChannels
        let across = perLane ? channelBlocks : (boxes + lanes - 1) / lanes
        let tasks = across * (perLane ? boxes : geometry.groups)
        ParallelTiles.run(tasks, threads: threads) { task, worker in
            let first = task % across * lanes, other = task / across
            var some = FourierLanes<Scalar>(repeating: idle(operands))
            for l in 0..<min(lanes, (perLane ? geometry.groups : boxes) - first) {
                some[l] = lane(
                    perLane ? other : first + l, group: perLane ? first + l : other, input: 0,
                    output: 0, bias: bias, operands)
            }
            let bench = FourierBench(
                tile: tile, memory: operands.scratch + worker * workerElements)
            bench.load(some, of: geometry.inputSize)
            let values =
                perLane
                ? spectra.values + first * tile.points * 2
                : spectra.values + other * tile.points * 2
            tile.lastLines(bench.samples) { lines, point in
                kernels.filter(
                    lines,
                    LineSpectrum(
                        values: values + point * (perLane ? tile.point : 2), isPerLane: perLane))
            }
            finish(bench, some, operands, note)
        }
    }

    /// The outputs of a vector of boxes.
    func finish(
        _ bench: FourierBench<Scalar>, _ some: borrowing FourierLanes<Scalar>,
        _ operands: RunOperands<Scalar>, _ note: @Sendable (Int) -> Void
    ) {
        let spoiled = bench.store(some, outputs: tiling.outputs, of: geometry, operands)
        if spoiled == 0 { return }
        for l in 0..<lanes where spoiled >> UInt32(l) & 1 == 1 { note(some[l].image) }
    }
}

/// Memory of which each core writes places of its own.
struct SharedMemory<Scalar>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Scalar>

    init(_ base: UnsafeMutablePointer<Scalar>) { self.base = base }
}
