// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// One box of one channel: what a lane of a ``FourierTile`` holds.
struct FourierLane<Scalar: TensorScalar> {
    /// The channel of the input, and where in it the box's first sample is, perhaps outside.
    var input: UnsafePointer<Scalar>
    var z = 0, y = 0, x = 0
    /// The channel of the output, and the box's first output.
    var output: UnsafeMutablePointer<Scalar>
    var firstOutput = SpatialTriple(depth: 0, height: 0, width: 0)
    var bias = -Scalar.zero
    /// Image x group, by number; a lane without one is idle.
    var image = -1
}

/// As many as the widest vector has.
typealias FourierLanes<Scalar: TensorScalar> = InlineArray<16, FourierLane<Scalar>>

/// What one core works on: a tile, and rows of each lane on their way in and out.
struct FourierBench<Scalar: TensorScalar> {
    let tile: FourierTile<Scalar>
    let memory: UnsafeMutablePointer<Scalar>

    private var lanes: Int { tile.kernels.lanes }
    private static func rowElements(_ tile: FourierTile<Scalar>) -> Int {
        (tile.size.width + 3 * tile.kernels.lanes) | 15
    }

    /// Elements of memory.
    static func elementCount(_ tile: FourierTile<Scalar>) -> Int {
        let pointers = tile.kernels.lanes * 8 / MemoryLayout<Scalar>.stride
        return (tile.elementCount + (tile.kernels.lanes + 1) * rowElements(tile) + pointers + 95)
            / 16 * 16
    }

    /// A row of each lane.
    private var pointers: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>> {
        UnsafeMutableRawPointer(memory).assumingMemoryBound(
            to: UnsafeMutablePointer<Scalar>.self)
    }
    private var pointerElements: Int { lanes * 8 / MemoryLayout<Scalar>.stride }
    /// The tile.
    var samples: UnsafeMutablePointer<Scalar> { memory + (pointerElements + 15) / 16 * 16 }
    /// Room for a row of one lane.
    private func staging(_ lane: Int) -> UnsafeMutablePointer<Scalar> {
        samples + tile.elementCount + lane * Self.rowElements(tile)
    }

    /// Fills the tile with the input's boxes, transformed but for the last axes.
    func load(_ lanes: borrowing FourierLanes<Scalar>, of input: SpatialTriple) {
        let zeros = staging(self.lanes)
        zeros.update(repeating: .zero, count: Self.rowElements(tile))
        for z in 0..<tile.size.depth {
            for y in 0..<tile.size.height {
                let row = samples + tile.row(z, y)
                var isEmpty = true
                for l in 0..<self.lanes {
                    let lane = lanes[l]
                    let isInside =
                        lane.image >= 0 && (0..<input.depth).contains(lane.z + z)
                        && (0..<input.height).contains(lane.y + y)
                    pointers[l] = isInside ? self.row(lane, l, z, y, of: input) : zeros
                    isEmpty = isEmpty && !isInside
                }
                if isEmpty { tile.clear(row) } else { gather(into: row) }
            }
        }
        tile.forwardColumns(samples)
    }

    /// A row of the input where it is, or a copy with zeros for what is outside.
    private func row(
        _ lane: FourierLane<Scalar>, _ l: Int, _ z: Int, _ y: Int, of input: SpatialTriple
    ) -> UnsafeMutablePointer<Scalar> {
        let start = ((lane.z + z) * input.height + lane.y + y) * input.width
        let values = UnsafeMutablePointer(mutating: lane.input + start)
        let width = tile.size.width
        if lane.x >= 0, lane.x + width <= input.width { return values + lane.x }
        let copy = staging(l)
        let first = min(width, max(0, -lane.x))
        let last = max(first, min(width, input.width - lane.x))
        copy.update(repeating: .zero, count: first)
        (copy + first).update(from: values + (lane.x + first), count: last - first)
        (copy + last).update(repeating: .zero, count: width - last)
        return copy
    }

    /// Halves of rows into real and imaginary parts.
    private func gather(into row: UnsafeMutablePointer<Scalar>) {
        let half = tile.size.width / 2
        var rows = LaneRows(
            rows: UnsafePointer(pointers), count: half, vectors: row, pitch: tile.point)
        tile.kernels.gather(rows)
        for l in 0..<lanes { pointers[l] += half }
        rows.vectors += lanes
        tile.kernels.gather(rows)
        tile.forwardRow(row)
    }

    /// Undoes the transform but for the last axes and stores the outputs.
    ///
    /// - Returns: the images x groups of the lanes in which an output is not finite, as bits
    func store(
        _ lanes: borrowing FourierLanes<Scalar>, outputs: SpatialTriple,
        of geometry: ConvolutionGeometry,
        _ operands: RunOperands<Scalar>
    ) -> UInt32 {
        tile.inverseColumns(samples)
        var spoiled: UInt32 = 0
        let size = geometry.outputSize, half = tile.size.width / 2
        for z in 0..<outputs.depth {
            for y in 0..<outputs.height {
                let row =
                    samples + tile.row(z * geometry.stride.depth, y * geometry.stride.height)
                tile.inverseRow(row)
                for l in 0..<self.lanes { pointers[l] = staging(l) }
                var rows = LaneRows(
                    rows: UnsafePointer(pointers), count: half, vectors: row, pitch: tile.point)
                tile.kernels.spread(rows)
                for l in 0..<self.lanes { pointers[l] += half }
                rows.vectors += self.lanes
                tile.kernels.spread(rows)
                for l in 0..<self.lanes {
                    let lane = lanes[l], at = lane.firstOutput
                    guard lane.image >= 0, at.depth + z < size.depth, at.height + y < size.height
                    else { continue }
                    let start = ((at.depth + z) * size.height + at.height + y) * size.width
                    let to = lane.output + (start + at.width)
                    let count = min(outputs.width, size.width - at.width)
                    let isFinite = tile.kernels.emit(
                        EmittedRow(
                            from: staging(l), stride: geometry.stride.width, to: to, count: count,
                            bias: lane.bias))
                    if !isFinite { spoiled |= 1 << UInt32(l) }
                    operands.finish(to, count: count)
                }
            }
        }
        return spoiled
    }

    /// Fills the tile with kernels, one in each lane, transformed but for the last axes.
    ///
    /// - Parameters:
    ///   - weights: the kernel of lane 0
    ///   - pitch: elements from one lane's kernel to the next
    ///   - count: lanes that have one; the others are zeros
    ///   - scale: what the weights are multiplied with
    func load(
        kernels weights: UnsafePointer<Scalar>, pitch: Int, count: Int, scale: Scalar,
        of geometry: ConvolutionGeometry
    ) {
        let kernel = geometry.kernel, dilation = geometry.dilation, width = tile.size.width
        let zeros = staging(lanes)
        zeros.update(repeating: .zero, count: width)
        for l in 0..<count { staging(l).update(repeating: .zero, count: width) }
        for z in 0..<tile.size.depth {
            for y in 0..<tile.size.height {
                let row = samples + tile.row(z, y)
                let (tapZ, restZ) = z.quotientAndRemainder(dividingBy: dilation.depth)
                let (tapY, restY) = y.quotientAndRemainder(dividingBy: dilation.height)
                guard restZ == 0, restY == 0, tapZ < kernel.depth, tapY < kernel.height else {
                    tile.clear(row)
                    continue
                }
                for l in 0..<lanes {
                    pointers[l] = l < count ? staging(l) : zeros
                    guard l < count else { continue }
                    let from = weights + l * pitch + (tapZ * kernel.height + tapY) * kernel.width
                    for x in 0..<kernel.width { pointers[l][x * dilation.width] = from[x] * scale }
                }
                gather(into: row)
            }
        }
        tile.forwardColumns(samples)
    }
}
