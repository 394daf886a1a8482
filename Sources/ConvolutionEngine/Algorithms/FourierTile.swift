// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// A box of samples of as many signals as a vector has lanes, and its transform in place.
///
/// Samples x and x + width/2 of a row are the real and the imaginary part of a point
/// (``FourierAxis``), so a row has half as many points as samples:
///
///     [depth][height][width / 2][re, im][lanes]
///
/// Rows are an odd number of points apart, so that a column uses all sets of a cache. The transform
/// goes over rows, then columns, then depths; the last axis that there is of these is transformed
/// together with what is done at each frequency, while a line is in the first-level cache.
struct FourierTile<Scalar: TensorScalar>: Sendable {
    let size: SpatialTriple
    let kernels: FourierKernels<Scalar>
    private let row, column, deep: FourierAxis<Scalar>

    init(size: SpatialTriple, kernels: FourierKernels<Scalar>) {
        self.size = size
        self.kernels = kernels
        row = .shared(length: size.width / 2, quarters: 1)
        column = .shared(length: size.height, quarters: 0)
        deep = .shared(length: size.depth, quarters: 0)
    }

    /// Elements of a point.
    var point: Int { 2 * kernels.lanes }
    /// Elements from one row to the next.
    var rowPitch: Int { (size.width / 2 | 1) * point }
    /// Elements from one depth to the next.
    var slicePitch: Int { (size.height | 1) * rowPitch }
    /// Elements of memory.
    var elementCount: Int { size.depth * slicePitch }
    /// Points of a transform.
    var points: Int { size.count / 2 }
    /// Points of a line of the last axis.
    var lastLength: Int {
        size.depth > 1 ? size.depth : size.height > 1 ? size.height : size.width / 2
    }
    /// Whether a row is all that there is.
    private var isRow: Bool { size.height == 1 && size.depth == 1 }

    /// Where a row begins.
    func row(_ z: Int, _ y: Int) -> Int { z * slicePitch + y * rowPitch }

    /// A row's transform, unless it is the last.
    func forwardRow(_ row: UnsafeMutablePointer<Scalar>) {
        if !isRow { kernels.forward(self.row.lines(row, pitch: point, count: 1, linePitch: 0)) }
    }

    /// What undoes it.
    func inverseRow(_ row: UnsafeMutablePointer<Scalar>) {
        if !isRow { kernels.inverse(self.row.lines(row, pitch: point, count: 1, linePitch: 0)) }
    }

    /// Columns, where depths follow them.
    func forwardColumns(_ tile: UnsafeMutablePointer<Scalar>) {
        guard size.depth > 1, size.height > 1 else { return }
        for z in 0..<size.depth { kernels.forward(columns(tile + z * slicePitch)) }
    }

    /// What undoes it.
    func inverseColumns(_ tile: UnsafeMutablePointer<Scalar>) {
        guard size.depth > 1, size.height > 1 else { return }
        for z in 0..<size.depth { kernels.inverse(columns(tile + z * slicePitch)) }
    }

    private func columns(_ slice: UnsafeMutablePointer<Scalar>) -> FourierLines<Scalar> {
        column.lines(slice, pitch: rowPitch, count: size.width / 2, linePitch: point)
    }

    /// The lines of the last axis; `body` gets some and the number of their first point, in the order in
    /// which spectra are stored.
    func lastLines(
        _ tile: UnsafeMutablePointer<Scalar>, _ body: (FourierLines<Scalar>, Int) -> Void
    ) {
        if isRow {
            body(row.lines(tile, pitch: point, count: 1, linePitch: 0), 0)
        } else if size.depth == 1 {
            body(columns(tile), 0)
        } else {
            for y in 0..<size.height {
                let lines = deep.lines(
                    tile + y * rowPitch, pitch: slicePitch, count: size.width / 2, linePitch: point)
                body(lines, y * size.width / 2 * size.depth)
            }
        }
    }

    /// A row of zeros.
    func clear(_ row: UnsafeMutablePointer<Scalar>) {
        row.update(repeating: .zero, count: size.width / 2 * point)
    }
}
