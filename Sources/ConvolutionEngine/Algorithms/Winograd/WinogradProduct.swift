// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Points to outputs: a matrix product at every point, and the transform back.
struct WinogradProduct<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let tiling: WinogradTiling
    let blocks: WinogradBlocks
    let kernels: GEMMKernels<Scalar>

    /// What is summed: transformed values, and the depth of the kernel that they are multiplied with.
    struct Term {
        let points: UnsafePointer<Scalar>
        let depth: Int
    }

    /// Elements of a row of sums.
    private var ldc: Int { blocks.blockVectors * kernels.lanes }
    /// Elements from the sums of one point to the next.
    private var pointPitch: Int { blocks.rowsAtATime * ldc + 16 }
    private var sumElements: Int { tiling.pointsAtATime * pointPitch }
    private var betweenElements: Int { tiling.down.advance * tiling.across.points * ldc }
    private var resultElements: Int { tiling.down.advance * tiling.across.outputs * ldc }
    private var lineElements: Int { (tiling.across.lead > 0 ? tiling.across.outputs : 0) * ldc }

    /// Memory for the sums and what becomes of them.
    var workElements: Int {
        (sumElements + betweenElements + resultElements + lineElements + 2 * kernels.nr + 31) / 16
            * 16
    }

    /// The sums at every point of a phase of the rows, in chunks of 128 channels: `[point][row][vector]`.
    func multiply(
        _ phase: WinogradAxis.Phase, _ rows: Range<Int>, _ some: Range<Int>,
        of panels: WinogradPanels, terms: [Term],
        group: Int,
        weights: WinogradWeights<Scalar>, work: UnsafeMutablePointer<Scalar>
    ) {
        let channels = geometry.inputChannelsPerGroup, chunk = WinogradWeights<Scalar>.chunk
        for (i, point) in tiling.products[phase.index].enumerated() {
            let sums = work + i * pointPitch
            let offset =
                point.input * blocks.pointStride + some.lowerBound * blocks.panelElements
            var isFirst = true
            for term in terms {
                for c in stride(from: 0, to: channels, by: chunk) {
                    let panelStride = weights.panelStride(at: c)
                    let a = weights.panels(
                        group: group, point: point.weight, depth: term.depth, at: c)
                    multiply(
                        TileOperands(
                            depth: min(chunk, channels - c),
                            a: a + rows.lowerBound / kernels.mr * panelStride,
                            b: term.points + offset + c * kernels.nr, c: sums, ldc: ldc,
                            vectors: 0, bias: nil, accumulate: !isFirst),
                        panelStride: panelStride, rows: rows.count, some, of: panels)
                    isFirst = false
                }
            }
            if isFirst { sums.initialize(repeating: .zero, count: pointPitch) }
        }
    }

    /// The same with weights that are transformed on the way: of a chunk of channels a few panels at a time,
    /// which stay in L2 until they have been used.
    ///
    /// - Parameter weight: the group's weights as they came
    func multiply(
        _ phase: WinogradAxis.Phase, _ rows: Range<Int>, _ some: Range<Int>,
        of panels: WinogradPanels, points: UnsafePointer<Scalar>, weight: UnsafePointer<Scalar>,
        deferred: WinogradDeferral<Scalar>, work: UnsafeMutablePointer<Scalar>
    ) {
        let channels = geometry.inputChannelsPerGroup, chunk = WinogradWeights<Scalar>.chunk
        let transformed = work + workElements
        let firstWeight = phase.firstWeightPoint * tiling.across.weightPoints
        for c in stride(from: 0, to: channels, by: chunk) {
            let depth = min(chunk, channels - c)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: deferred.rows) {
                let rest = first..<min(rows.upperBound, first + deferred.rows)
                deferred.transform(weight, phase, rest, c..<c + depth, to: transformed)
                for (i, point) in tiling.products[phase.index].enumerated() {
                    multiply(
                        TileOperands(
                            depth: depth,
                            a: transformed + (point.weight - firstWeight) * deferred.pointStride,
                            b: points + point.input * blocks.pointStride
                                + some.lowerBound * blocks.panelElements + c * kernels.nr,
                            c: work + i * pointPitch + (first - rows.lowerBound) * ldc,
                            ldc: ldc, vectors: 0, bias: nil, accumulate: c > 0),
                        panelStride: kernels.panelElements(depth: depth), rows: rest.count, some,
                        of: panels)
                }
            }
        }
    }

    /// A panel of values stays in L1 while the panels of weights pass by.
    private func multiply(
        _ first: TileOperands<Scalar>, panelStride: Int, rows: Int, _ some: Range<Int>,
        of panels: WinogradPanels
    ) {
        var tile = first
        var c = first.c
        for panel in some {
            tile.vectors = panels.width(of: panel)
            tile.a = first.a
            tile.c = c
            // Panels that follow each other without a gap pass by in one call.
            let tiles = (rows + kernels.mr - 1) / kernels.mr
            tile.count = panelStride == tile.depth * kernels.mr ? tiles : 1
            for _ in stride(from: 0, to: tiles, by: tile.count) {
                kernels.multiply(tile)
                tile.a += panelStride
                tile.c += kernels.mr * ldc
            }
            tile.b += blocks.panelElements
            c += tile.vectors * kernels.lanes
        }
    }

    /// Where neighbouring vectors of a block belong.
    struct Destination {
        let place: WinogradPlace
        let part: WinogradPart
        /// The part's first vector.
        let firstVector: Int
    }

    /// The sums of a phase to outputs; `flaw` is told of images x groups with outputs that are not finite.
    func finish(
        _ phase: WinogradAxis.Phase, _ rows: Range<Int>, vectors: Range<Int>, group: Int,
        _ operands: RunOperands<Scalar>,
        weights: WinogradWeights<Scalar>, work: UnsafeMutablePointer<Scalar>,
        to destination: (Int) -> Destination, flaw: (Int) -> Void
    ) {
        let results = work + sumElements + betweenElements, across = tiling.acrossPhases
        for row in rows {
            let bias = weights.bias(ofChannel: group * geometry.outputChannelsPerGroup + row)
            let isFinite = transform(
                phase, across, row - rows.lowerBound, vectors.count, bias, work)
            var vector = vectors.lowerBound
            while vector < vectors.upperBound {
                let target = destination(vector)
                let end = min(vectors.upperBound, target.firstVector + target.part.vectors)
                let lanes = (vector - vectors.lowerBound) * kernels.lanes
                let isSound = interleave(
                    phase, results + lanes, line: results + resultElements, target, vector..<end,
                    channel: row, operands,
                    checks: !isFinite)
                if !isSound { flaw(target.place.image * geometry.groups + group) }
                vector = end
            }
        }
    }

    /// One channel's sums to the residues of its outputs `[down][across][vector]`; whether they are finite.
    private func transform(
        _ down: WinogradAxis.Phase, _ phases: [WinogradAxis.Phase], _ row: Int, _ vectors: Int,
        _ bias: Scalar, _ work: UnsafeMutablePointer<Scalar>
    ) -> Bool {
        let between = work + sumElements, results = between + betweenElements
        let across = tiling.across.points, pitch = across * pointPitch, ldc = ldc
        _ = kernels.winograd.transform(
            down.filter.output,
            TransformOperands(
                from: work + row * ldc, offsets: InlineArray { $0 * pitch },
                fromPitch: pointPitch, rows: across, vectors: vectors, to: between,
                toStride: across * ldc, toPitch: ldc))
        var isFinite = true
        for i in 0..<phases.count {
            let areFinite = kernels.winograd.transform(
                phases[i].filter.output,
                TransformOperands(
                    from: between + phases[i].firstPoint * ldc, offsets: InlineArray { $0 * ldc },
                    fromPitch: across * ldc, rows: down.filter.outputs, vectors: vectors,
                    to: results + phases[i].firstOutput * ldc,
                    toStride: phases[i].outputStep * ldc,
                    toPitch: tiling.across.outputs * ldc, addend: bias))
            isFinite = isFinite && areFinite
        }
        return isFinite
    }

    /// Residues to rows of outputs, a row of tiles at a time. False where it `checks` and an output is
    /// not finite.
    private func interleave(
        _ phase: WinogradAxis.Phase, _ results: UnsafePointer<Scalar>,
        line: UnsafeMutablePointer<Scalar>, _ target: Destination, _ vectors: Range<Int>,
        channel: Int, _ operands: RunOperands<Scalar>, checks: Bool
    ) -> Bool {
        let g = geometry, size = g.outputSize, part = target.part
        let place = target.place
        let plane =
            ((place.image * g.groups + place.group) * g.outputChannelsPerGroup + channel)
            * size.depth + place.depth
        let output = operands.output + plane * size.height * size.width
        let first = (vectors.lowerBound - target.firstVector) * kernels.lanes
        let last = min(
            part.rows.count * part.columns.count,
            (vectors.upperBound - target.firstVector) * kernels.lanes)
        var isSound = true
        var tile = first
        while tile < last {
            let row = tile / part.columns.count, column = tile % part.columns.count
            let count = min(part.columns.count - column, last - tile)
            let before = (part.columns.lowerBound + column) * tiling.across.outputs
            let x = max(0, before - tiling.across.lead)
            let cut = x + tiling.across.lead - before
            let width = min(size.width - x, count * tiling.across.outputs - cut)
            let top = (part.rows.lowerBound + row) * tiling.down.outputs - tiling.down.lead
            for r in 0..<phase.filter.outputs {
                let y = top + phase.firstOutput + r * phase.outputStep
                guard y >= 0, y < size.height else { continue }
                let to = output + y * size.width + x
                kernels.interleave(
                    PhaseRows(
                        phases: results + r * tiling.across.outputs * ldc + tile - first,
                        pitch: ldc, stride: tiling.across.outputs, row: cut > 0 ? line : to,
                        count: width + cut))
                if cut > 0 { to.update(from: line + cut, count: width) }
                if checks { for i in 0..<width where !to[i].isFinite { isSound = false } }
                if !operands.isPlain { operands.finish(to, count: width) }
            }
            tile += count
        }
        return isSound
    }
}
