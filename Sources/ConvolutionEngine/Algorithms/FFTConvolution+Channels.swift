// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// More than one channel in a group: transforms of all, products at each frequency, inverse transforms.
///
///     unit      the boxes of a group, as many as a tile of the product has columns
///     run       up to eight neighbouring points, followed by one that is not used
///     X         [unit][runs][C_in / groups][run][vectors][re, im][lanes]
///     Y         [unit][runs][C_out / groups, rounded up][run][vectors][re, im][lanes]
///     spectra   [group][runs][C_out / groups / lanes][C_in / groups][run][re, im][lanes]
///
/// A transform visits a page of memory for each run, a product one for each channel, whose points of the
/// next frequency are in the next line. The unused points make the distance between channels odd, so
/// that they do not all fall into the same sets of a cache.
extension FFTConvolution {
    /// How the boxes are divided, and where everything is.
    struct Channels {
        let inputs: Int
        /// Output channels, in whole tiles.
        let outputs: Int
        /// Vectors of output channels.
        let blocks: Int
        /// Units of a group.
        let units: Int
        /// Units that are in memory at a time.
        let unitsAtATime: Int
        /// Points of a run.
        let run: Int
        /// Elements of a unit's X and Y.
        let unitInputs: Int
        let unitOutputs: Int
        /// Elements of a group's spectra.
        let groupSpectra: Int

        var elementCount: Int { unitsAtATime * (unitInputs + unitOutputs) }
    }

    var channels: Channels {
        let inputs = geometry.inputChannelsPerGroup, tall = kernels.outputs
        let outputs = (geometry.outputChannelsPerGroup + tall - 1) / tall * tall
        let vectors = (boxes + lanes - 1) / lanes, wide = kernels.vectors
        let units = (vectors + wide - 1) / wide
        let run = (1...8).last { tile.lastLength % $0 == 0 }!
        let row = tile.points / run * (run * min(wide, vectors) + 1) * tile.point
        let memory = max(1, (inputs + outputs) * row)
        let blocks = (geometry.outputChannelsPerGroup + lanes - 1) / lanes
        // As much memory as FourierTiling grants a unit of 24 lanes.
        return Channels(
            inputs: inputs, outputs: outputs, blocks: blocks, units: units,
            unitsAtATime: min(
                units * geometry.groups, max(1, FourierTiling.mostChannels / memory)),
            run: run, unitInputs: inputs * row, unitOutputs: outputs * row,
            groupSpectra: tile.points / run * blocks * inputs * (run + 1) * tile.point)
    }

    /// Over the cores: vectors of output channels x input channels, so many of these at a time that what the cores count
    /// together (the tasks, the references to the tile) costs little beside a transform of few points.
    func channelSpectra(_ weight: UnsafePointer<Scalar>) -> KernelSpectra<Scalar> {
        let c = channels, g = geometry, taps = g.kernel.count
        let outputs = g.outputChannelsPerGroup
        let rawCount = g.groups * g.weightElementsPerGroup
        let spectra = KernelSpectra<Scalar>(
            count: g.groups * c.groupSpectra, rawCount: rawCount)
        spectra.weight.update(from: weight, count: rawCount)
        let worker = workerElements, stride = MemoryLayout<Scalar>.stride
        let channel = (c.run + 1) * tile.point, runPitch = c.blocks * c.inputs * channel
        let some = max(1, min(c.inputs, 2048 / tile.points)), ranges = (c.inputs + some - 1) / some
        ScratchPool.shared.withScratch(byteCount: threads * worker * stride) { scratch in
            let scratch = SharedMemory(scratch.assumingMemoryBound(to: Scalar.self))
            ParallelTiles.run(g.groups * c.blocks * ranges, threads: threads) { task, index in
                let block = task / ranges % c.blocks, group = task / ranges / c.blocks
                let bench = FourierBench(tile: tile, memory: scratch.base + index * worker)
                let firstInput = task % ranges * some
                for input in firstInput..<min(c.inputs, firstInput + some) {
                    let first = (group * outputs + block * lanes) * c.inputs + input
                    bench.load(
                        kernels: spectra.weight + first * taps, pitch: c.inputs * taps,
                        count: min(lanes, outputs - block * lanes), scale: scale, of: g)
                    let to =
                        spectra.values + group * c.groupSpectra
                        + (block * c.inputs + input) * channel
                    tile.lastLines(bench.samples) { lines, point in
                        kernels.analyze(
                            lines,
                            ScatteredPoints(
                                first: to + point / c.run * runPitch, run: c.run,
                                pitch: tile.point, runPitch: runPitch))
                    }
                }
            }
        }
        return spectra
    }

    /// As many units at a time as there is memory for.
    func multiplyChannels(
        _ operands: RunOperands<Scalar>, _ spectra: KernelSpectra<Scalar>, bias: [Scalar],
        _ note: @Sendable (Int) -> Void
    ) {
        let c = channels, count = c.units * geometry.groups
        for first in stride(from: 0, to: count, by: c.unitsAtATime) {
            let units = first..<min(count, first + c.unitsAtATime)
            transform(units, operands, bias)
            multiply(units, operands, spectra)
            restore(units, operands, bias, note)
        }
    }

    private func inputs(
        _ unit: Int, _ operands: RunOperands<Scalar>
    ) -> UnsafeMutablePointer<Scalar> {
        operands.scratch + threads * workerElements + unit * channels.unitInputs
    }

    private func outputs(
        _ unit: Int, _ operands: RunOperands<Scalar>
    ) -> UnsafeMutablePointer<Scalar> {
        let c = channels
        return operands.scratch + threads * workerElements + c.unitsAtATime * c.unitInputs
            + unit * c.unitOutputs
    }

    /// Vectors of a unit.
    private func vectors(_ unit: Int) -> Int {
        let left = boxes - unit % channels.units * kernels.vectors * lanes
        return min(kernels.vectors, (left + lanes - 1) / lanes)
    }

    /// The boxes of a vector of a unit.
    private func lanes(
        _ unit: Int, _ vector: Int, input: Int, output: Int, _ operands: RunOperands<Scalar>,
        _ bias: [Scalar]
    ) -> FourierLanes<Scalar> {
        var some = FourierLanes<Scalar>(repeating: idle(operands))
        let (group, part) = unit.quotientAndRemainder(dividingBy: channels.units)
        let first = (part * kernels.vectors + vector) * lanes
        for l in 0..<max(0, min(lanes, boxes - first)) {
            some[l] = lane(
                first + l, group: group, input: input, output: output, bias: bias, operands)
        }
        return some
    }

    /// Step 1, over the cores: units x vectors x input channels.
    private func transform(
        _ units: Range<Int>, _ operands: RunOperands<Scalar>, _ bias: [Scalar]
    ) {
        let c = channels, perUnit = kernels.vectors * c.inputs
        ParallelTiles.run(units.count * perUnit, threads: threads) { task, worker in
            let slot = task / perUnit, unit = units.lowerBound + slot
            let input = task / kernels.vectors % c.inputs, vector = task % kernels.vectors
            let wide = vectors(unit)
            if vector >= wide { return }
            let bench = FourierBench(
                tile: tile, memory: operands.scratch + worker * workerElements)
            bench.load(
                lanes(unit, vector, input: input, output: 0, operands, bias),
                of: geometry.inputSize)
            let channel = (c.run * wide + 1) * tile.point, runPitch = c.inputs * channel
            let to = inputs(slot, operands) + input * channel + vector * tile.point
            tile.lastLines(bench.samples) { lines, point in
                kernels.analyze(
                    lines,
                    ScatteredPoints(
                        first: to + point / c.run * runPitch, run: c.run,
                        pitch: wide * tile.point, runPitch: runPitch))
            }
        }
    }

    /// Step 2, over the cores: groups x runs of frequencies.
    private func multiply(
        _ units: Range<Int>, _ operands: RunOperands<Scalar>, _ spectra: KernelSpectra<Scalar>
    ) {
        let c = channels
        let groups = units.lowerBound / c.units..<(units.upperBound - 1) / c.units + 1
        let runs = tile.points / c.run
        ParallelTiles.run(groups.count * runs, threads: threads) { task, _ in
            let group = groups.lowerBound + task / runs, run = task % runs
            let mine = units.clamped(to: group * c.units..<(group + 1) * c.units)
            let a =
                spectra.values + group * c.groupSpectra
                + run * c.blocks * c.inputs * (c.run + 1) * tile.point
            for i in 0..<c.run {
                for unit in mine {
                    let slot = unit - units.lowerBound, wide = vectors(unit)
                    let channel = (c.run * wide + 1) * tile.point, at = i * wide * tile.point
                    multiply(
                        c, a + i * tile.point,
                        inputs(slot, operands) + run * c.inputs * channel + at,
                        outputs(slot, operands) + run * c.outputs * channel + at, vectors: wide)
                }
            }
        }
    }

    /// One frequency of one unit; sums are cut at 128 channels, 256 products.
    private func multiply(
        _ c: Channels, _ a: UnsafePointer<Scalar>, _ x: UnsafePointer<Scalar>,
        _ y: UnsafeMutablePointer<Scalar>, vectors: Int
    ) {
        let panel = (c.run + 1) * tile.point, channel = (c.run * vectors + 1) * tile.point
        var first = 0
        repeat {
            for o in stride(from: 0, to: c.outputs, by: kernels.outputs) {
                kernels.multiply(
                    SpectrumTile(
                        depth: min(128, c.inputs - first),
                        a: a + (o / lanes * c.inputs + first) * panel + o % lanes,
                        b: x + first * channel, c: y + o * channel,
                        pitches: (panel, channel, channel), vectors: vectors,
                        accumulate: first > 0))
            }
            first += 128
        } while first < c.inputs
    }

    /// Step 3, over the cores: units x vectors x output channels.
    private func restore(
        _ units: Range<Int>, _ operands: RunOperands<Scalar>, _ bias: [Scalar],
        _ note: @Sendable (Int) -> Void
    ) {
        let c = channels, perUnit = kernels.vectors * geometry.outputChannelsPerGroup
        ParallelTiles.run(units.count * perUnit, threads: threads) { task, worker in
            let slot = task / perUnit, unit = units.lowerBound + slot
            let output = task / kernels.vectors % geometry.outputChannelsPerGroup
            let vector = task % kernels.vectors, wide = vectors(unit)
            if vector >= wide { return }
            let bench = FourierBench(
                tile: tile, memory: operands.scratch + worker * workerElements)
            let channel = (c.run * wide + 1) * tile.point, runPitch = c.outputs * channel
            let from = outputs(slot, operands) + output * channel + vector * tile.point
            tile.lastLines(bench.samples) { lines, point in
                kernels.synthesize(
                    lines,
                    ScatteredPoints(
                        first: from + point / c.run * runPitch, run: c.run,
                        pitch: wide * tile.point, runPitch: runPitch))
            }
            finish(
                bench, lanes(unit, vector, input: 0, output: output, operands, bias), operands,
                note)
        }
    }
}
