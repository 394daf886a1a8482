// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The gradient of a convolution's weight, as a matrix product over the pixels of all images.
///
/// Goals, in order: the right answer for every geometry; the same bits for any number of threads; the
/// product's speed where there are enough channels for it (``TapProducts`` has the others).
///
///     dW[o, (c, t)] = Σ_n Σ_p  rows[n, o, p] · field[n, c, p·stride + tap t]
///
/// The rows are the output's gradient and the field the input; for a transposed convolution the rows
/// are the input and the field the output's gradient. Columns of the field are packed as for a
/// convolution (``ColumnPacker``), a chunk of pixels at a time, and turned: they are the A of
///
///     C[(c, t), o] += A[(c, t), p] · B[p, o]
///
/// whose sums over the pixels run in the order of images and chunks, whatever core computes them.
///
/// *Error*: sums of at most 128 products between two roundings to C.
struct WeightGradient<Scalar: TensorScalar>: Sendable {
    let shape: GradientShape
    let kernels: GEMMKernels<Scalar>
    let threads: Int
    private let packer: ColumnPacker<Scalar>
    /// Pixels of a chunk: whole panels of columns.
    private let kc: Int
    /// Columns (c, t) of dW that a task computes.
    private let rowsAtATime: Int

    init(_ shape: GradientShape, kernels: GEMMKernels<Scalar>, threads: Int) {
        self.shape = shape
        self.kernels = kernels
        self.threads = threads
        let fitting = 24 * 1024 / (kernels.nr * MemoryLayout<Scalar>.stride)
        kc = max(1, min(128, fitting) / kernels.nr) * kernels.nr
        packer = ColumnPacker(shape.grid, mostPixels: kc, kernels: kernels)
        let share = shape.columns / max(1, 2 * threads / shape.groups)
        let most = min(192, 65_536 / Self.padded(shape.rows, kernels.nr), max(share, 1))
        rowsAtATime = max(1, most / kernels.mr) * kernels.mr
    }

    private static func padded(_ count: Int, _ unit: Int) -> Int {
        (count + unit - 1) / unit * unit
    }

    /// Elements of one row of C: all rows of the group.
    private var ldc: Int { Self.padded(shape.rows, kernels.nr) }
    /// Elements from one panel of columns to the next: what a row writes too much is less than a row.
    private var panelStride: Int { (rowsAtATime + 1) * kernels.nr }

    private var places: Places {
        Places(
            [
                rowsAtATime * ldc, kc / kernels.nr * panelStride, rowsAtATime * kc, ldc * kc,
                kernels.mr * kc, packer.planeElements + 32, kernels.mr * kernels.nr, rowsAtATime,
            ])
    }

    /// Where the pieces of a worker's memory begin, each 64 elements after the end of the last.
    private struct Places {
        var starts: [Int] = []
        var count = 0

        init(_ sizes: [Int]) {
            for size in sizes {
                starts.append(count)
                count += (size + 79) / 16 * 16
            }
        }
    }

    var scratchByteCount: Int { threads * places.count * MemoryLayout<Scalar>.stride }

    /// Over the cores: groups x parts of the columns. Writes all of `gradient`.
    ///
    /// - Parameter operands: `rows` `[N, groups·rows, P]`, `field` `[N, groups·channels, *S]`
    func run(_ operands: GradientOperands<Scalar>) {
        let parts = (shape.columns + rowsAtATime - 1) / rowsAtATime
        let places = places
        ParallelTiles.run(shape.groups * parts, threads: threads) { task, worker in
            let first = task % parts * rowsAtATime
            let columns = first..<min(shape.columns, first + rowsAtATime)
            sum(
                columns, group: task / parts, operands, places.starts,
                operands.scratch + worker * places.count)
        }
    }

    private func sum(
        _ columns: Range<Int>, group: Int, _ operands: GradientOperands<Scalar>, _ starts: [Int],
        _ scratch: UnsafeMutablePointer<Scalar>
    ) {
        let c = scratch + starts[0], zeros = scratch + starts[7]
        let panelRows = Self.padded(columns.count, kernels.mr)
        zeros.initialize(repeating: 0, count: panelRows)
        (scratch + starts[1]).initialize(repeating: 0, count: kc / kernels.nr * panelStride)
        c.initialize(repeating: 0, count: panelRows * ldc)
        for first in stride(from: 0, to: shape.positions, by: kc) {
            let pixels = first..<min(shape.positions, first + kc)
            let table = packer.table(pixels, panelStride: panelStride)
            for image in 0..<shape.images {
                let at = image * shape.groups + group
                packer.pack(
                    columns, table: table,
                    input: operands.field + at * shape.channels * shape.grid.inputSize.count,
                    plane: scratch + starts[5] + 32, panels: scratch + starts[1])
                turn(scratch + starts[1], pixels.count, columns.count, to: scratch + starts[2])
                pack(
                    operands.rows + at * shape.rows * shape.positions, pixels,
                    to: scratch + starts[3], by: scratch + starts[4])
                GEMMBlock(
                    rows: 0..<panelRows, a: scratch + starts[2],
                    panelStrideA: pixels.count * kernels.mr, b: scratch + starts[3],
                    panelStrideB: pixels.count * kernels.nr, kc: pixels.count, n: ldc, c: c,
                    ldc: ldc, start: nil, edge: scratch + starts[6]
                ).multiply(kernels, mc: panelRows)
            }
        }
        let gradient = operands.gradient + group * shape.rows * shape.columns
        for row in 0..<shape.rows {
            for (i, column) in columns.enumerated() {
                gradient[row * shape.columns + column] = c[i * ldc + row]
            }
        }
    }

    /// Panels of columns `[pixels / nr][row][nr]` to panels of A `[row / mr][pixels][mr]`.
    private func turn(
        _ panels: UnsafePointer<Scalar>, _ pixels: Int, _ rows: Int,
        to a: UnsafeMutablePointer<Scalar>
    ) {
        for row in stride(from: 0, to: rows, by: kernels.mr) {
            for pixel in stride(from: 0, to: pixels, by: kernels.nr) {
                kernels.packWeights(
                    WeightPanel(
                        weights: panels + pixel / kernels.nr * panelStride + row * kernels.nr,
                        rowStride: kernels.nr, rows: min(kernels.mr, rows - row),
                        depth: min(kernels.nr, pixels - pixel),
                        panel: a + row * pixels + pixel * kernels.mr))
            }
        }
    }

    /// Rows `[row][P]` to panels of B `[row / nr][pixels][nr]`, by way of panels mr wide.
    private func pack(
        _ rows: UnsafePointer<Scalar>, _ pixels: Range<Int>, to b: UnsafeMutablePointer<Scalar>,
        by narrow: UnsafeMutablePointer<Scalar>
    ) {
        let mr = kernels.mr, nr = kernels.nr
        for row in stride(from: 0, to: ldc, by: mr) {
            let some = max(0, min(mr, shape.rows - row))
            let to = b + row / nr * nr * pixels.count + row % nr
            if some > 0 {
                kernels.packWeights(
                    WeightPanel(
                        weights: rows + row * shape.positions + pixels.lowerBound,
                        rowStride: shape.positions, rows: some, depth: pixels.count, panel: narrow))
            } else {
                narrow.initialize(repeating: 0, count: mr * pixels.count)
            }
            for p in 0..<pixels.count {
                (to + p * nr).update(from: narrow + p * mr, count: mr)
            }
        }
    }
}
