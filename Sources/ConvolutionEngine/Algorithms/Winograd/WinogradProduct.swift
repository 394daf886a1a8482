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
    private var sumElements: Int { tiling.points * pointPitch }
    private var betweenElements: Int { tiling.down.outputs * tiling.across.points * ldc }
    private var resultElements: Int { tiling.down.outputs * tiling.across.outputs * ldc }

    /// Memory for the sums and what becomes of them.
    var workElements: Int {
        (sumElements + betweenElements + resultElements + 2 * kernels.nr + 31) / 16 * 16
    }

    /// The sums at every point, in chunks of 128 channels: `[point][row][vector]`.
    func multiply(
        _ rows: Range<Int>, _ some: Range<Int>, of panels: WinogradPanels, terms: [Term],
        group: Int,
        weights: WinogradWeights<Scalar>, work: UnsafeMutablePointer<Scalar>
    ) {
        let channels = geometry.inputChannelsPerGroup, chunk = WinogradWeights<Scalar>.chunk
        for point in 0..<tiling.points {
            let sums = work + point * pointPitch
            let offset =
                point * blocks.pointStride + some.lowerBound * blocks.panelElements
            var isFirst = true
            for term in terms {
                for c in stride(from: 0, to: channels, by: chunk) {
                    let panelStride = weights.panelStride(at: c)
                    let a = weights.panels(group: group, point: point, depth: term.depth, at: c)
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
        _ rows: Range<Int>, _ some: Range<Int>, of panels: WinogradPanels,
        points: UnsafePointer<Scalar>, weight: UnsafePointer<Scalar>,
        deferred: WinogradDeferral<Scalar>, work: UnsafeMutablePointer<Scalar>
    ) {
        let channels = geometry.inputChannelsPerGroup, chunk = WinogradWeights<Scalar>.chunk
        let transformed = work + workElements
        for c in stride(from: 0, to: channels, by: chunk) {
            let depth = min(chunk, channels - c)
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: deferred.rows) {
                let rest = first..<min(rows.upperBound, first + deferred.rows)
                deferred.transform(weight, rest, c..<c + depth, to: transformed)
                for point in 0..<tiling.points {
                    multiply(
                        TileOperands(
                            depth: depth, a: transformed + point * deferred.pointStride,
                            b: points + point * blocks.pointStride
                                + some.lowerBound * blocks.panelElements + c * kernels.nr,
                            c: work + point * pointPitch + (first - rows.lowerBound) * ldc,
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

    /// Sums to outputs; `flaw` is told of images x groups with outputs that are not finite.
    func finish(
        _ rows: Range<Int>, vectors: Range<Int>, group: Int, _ operands: RunOperands<Scalar>,
        weights: WinogradWeights<Scalar>, work: UnsafeMutablePointer<Scalar>,
        to destination: (Int) -> Destination, flaw: (Int) -> Void
    ) {
        let results = work + sumElements + betweenElements
        for row in rows {
            let bias = weights.bias(ofChannel: group * geometry.outputChannelsPerGroup + row)
            let isFinite = transform(row - rows.lowerBound, vectors.count, bias, work)
            var vector = vectors.lowerBound
            while vector < vectors.upperBound {
                let target = destination(vector)
                let end = min(vectors.upperBound, target.firstVector + target.part.vectors)
                let lanes = (vector - vectors.lowerBound) * kernels.lanes
                let isSound = interleave(
                    results + lanes, target, vector..<end, channel: row, operands,
                    checks: !isFinite)
                if !isSound { flaw(target.place.image * geometry.groups + group) }
                vector = end
            }
        }
    }

    /// One channel's sums to the residues of its outputs `[down][across][vector]`; whether they are finite.
    private func transform(
        _ row: Int, _ vectors: Int, _ bias: Scalar, _ work: UnsafeMutablePointer<Scalar>
    ) -> Bool {
        let between = work + sumElements, results = between + betweenElements
        let across = tiling.across.points, pitch = across * pointPitch, ldc = ldc
        _ = kernels.winograd.transform(
            tiling.down.output,
            TransformOperands(
                from: work + row * ldc, offsets: InlineArray { $0 * pitch },
                fromPitch: pointPitch, rows: across, vectors: vectors, to: between,
                toStride: across * ldc, toPitch: ldc))
        return kernels.winograd.transform(
            tiling.across.output,
            TransformOperands(
                from: between, offsets: InlineArray { $0 * ldc }, fromPitch: across * ldc,
                rows: tiling.down.outputs, vectors: vectors, to: results, toStride: ldc,
                toPitch: tiling.across.outputs * ldc, addend: bias))
    }

    /// Residues to rows of outputs, a row of tiles at a time. False where it `checks` and an output is
    /// not finite.
    private func interleave(
        _ results: UnsafePointer<Scalar>, _ target: Destination, _ vectors: Range<Int>,
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
            let x = (part.columns.lowerBound + column) * tiling.across.outputs
            let width = min(size.width - x, count * tiling.across.outputs)
            let y = (part.rows.lowerBound + row) * tiling.down.outputs
            for r in 0..<min(tiling.down.outputs, size.height - y) {
                let to = output + (y + r) * size.width + x
                kernels.interleave(
                    PhaseRows(
                        phases: results + r * tiling.across.outputs * ldc + tile - first,
                        pitch: ldc, stride: tiling.across.outputs, row: to, count: width))
                if checks { for i in 0..<width where !to[i].isFinite { isSound = false } }
                if !operands.isPlain { operands.finish(to, count: width) }
            }
            tile += count
        }
        return isSound
    }
}
