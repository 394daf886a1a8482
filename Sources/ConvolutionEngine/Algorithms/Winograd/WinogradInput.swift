// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// Which plane a part belongs to.
struct WinogradPlace: Sendable {
    let image: Int
    let group: Int
    /// Depth of the output.
    let depth: Int
}

/// The transform of the input: values of tiles to panels of points.
struct WinogradInput<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let tiling: WinogradTiling
    let blocks: WinogradBlocks
    let kernels: GEMMKernels<Scalar>

    /// Memory for ``run(_:_:_:depth:_:panels:firstVector:to:work:)``.
    var workElements: Int { blocks.largestPart.workElements }

    /// Channels of a part of a plane; `depth` is that of the input, inside it or not.
    ///
    /// - Parameters:
    ///   - panels: how vectors are shared out
    ///   - firstVector: the part's first
    ///   - points: `[point][panel][channel][nr]`
    func run(
        _ channels: Range<Int>, _ place: WinogradPlace, _ part: WinogradPart, depth: Int,
        _ operands: RunOperands<Scalar>, panels: WinogradPanels, firstVector: Int,
        to points: UnsafeMutablePointer<Scalar>, work: UnsafeMutablePointer<Scalar>
    ) {
        let g = geometry, size = g.inputSize
        let values = work, streams = work + part.valueElements
        // Lanes behind a part's last tile are computed too: from zeros.
        work.initialize(repeating: .zero, count: part.workElements)
        let isInside = depth >= 0 && depth < size.depth
        let image = place.image * g.inputChannels + place.group * g.inputChannelsPerGroup
        // Copies, since counting references to the tiling's lists would cross between the cores.
        let along = tiling.acrossReadings.map { Step($0, offsets: part.valueOffsets($0)) }
        let down = tiling.downReadings.map { Step($0, offsets: part.streamOffsets($0)) }
        for channel in channels {
            let plane = (image + channel) * size.depth + (isInside ? depth : 0)
            kernels.winograd.splitRows(
                TileRows(
                    values: operands.input + plane * size.height * size.width,
                    width: size.width, height: isInside ? size.height : 0,
                    first: part.rows.lowerBound * tiling.down.advance + tiling.down.origin,
                    left: part.columns.lowerBound * tiling.across.advance + tiling.across.origin,
                    rows: part.slots * tiling.down.advance, down: tiling.down.advance,
                    across: tiling.across.advance, slot: part.slot,
                    rowPhasePitch: part.rowPhasePitch, columnPhasePitch: part.columnPhasePitch,
                    to: values, line: streams + part.streamElements))
            transform(along, part, values, streams)
            let first = panels.place(of: firstVector)
            let to = points + first.panel * blocks.panelElements + channel * kernels.nr
            for i in 0..<down.count {
                let point = down[i].firstPoint * tiling.across.inputPoints
                _ = kernels.winograd.transform(
                    down[i].step,
                    TransformOperands(
                        from: streams, offsets: down[i].offsets,
                        fromPitch: part.streamPitch, rows: tiling.across.inputPoints,
                        vectors: part.vectors, to: to + point * blocks.pointStride,
                        toStride: tiling.across.inputPoints * blocks.pointStride,
                        toPitch: blocks.pointStride, column: first.column, width: first.width,
                        widePanels: first.widePanels, panelStride: blocks.panelElements))
            }
        }
    }

    /// A transform, and where what it reads is.
    private struct Step {
        let step: WinogradStep
        let firstPoint: Int
        let offsets: InlineArray<6, Int>

        init(_ reading: WinogradAxis.Reading, offsets: InlineArray<6, Int>) {
            (step, firstPoint, self.offsets) = (reading.step, reading.firstPoint, offsets)
        }
    }

    /// Values to streams, each residue of the rows for itself.
    private func transform(
        _ steps: [Step], _ part: WinogradPart, _ values: UnsafePointer<Scalar>,
        _ streams: UnsafeMutablePointer<Scalar>
    ) {
        for residue in 0..<tiling.down.advance {
            let to = streams + residue * part.streamPhasePitch
            for i in 0..<steps.count {
                _ = kernels.winograd.transform(
                    steps[i].step,
                    TransformOperands(
                        from: values + residue * part.rowPhasePitch, offsets: steps[i].offsets,
                        fromPitch: part.slot, rows: part.slots,
                        vectors: (part.columns.count + kernels.lanes - 1) / kernels.lanes,
                        to: to + steps[i].firstPoint * part.streamPitch,
                        toStride: part.streamPitch, toPitch: part.columns.count))
            }
        }
    }
}
