// SPDX-License-Identifier: Apache-2.0

/// Convolution as the kernel, unrolled into a matrix, times the flattened input (`kernel_matrix`).
///
/// Goals, in order: the right answer, forward and transposed, in any number of groups; the matrix of
/// the survey itself, so that its cost can be seen beside the others; time in proportion to its entries.
///
///     out[r] = bias + Σ_j matrix[r, j] · input[j],    matrix as in ``KernelRows``
///
/// Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), 4.1. Nearly all of
/// the matrix is zeros, which are not stored: beside the time they would take, 0 · ∞ is NaN, and an
/// infinite input would reach outputs that do not look at it.
///
/// *Error*: four sums of a quarter of the products each; rms 5e-7 and max 2e-6 of the output's rms at
/// 2304 products.
struct KernelMatrixProduct<Scalar: TensorScalar>: Sendable {
    let geometry: ConvolutionGeometry
    let threads: Int

    /// 2^24 entries are 128 MiB in float32, 192 MiB in float64.
    private static var mostEntries: Int { 1 << 24 }

    /// Why the algorithm cannot do `geometry`, as ``Algorithm/obstacle(to:)`` says it; nil where it can.
    static func obstacle(to geometry: ConvolutionGeometry) -> String? {
        let inputs = geometry.inputChannels * geometry.inputSize.count
        if inputs <= Int32.max, KernelRows.fits(geometry, most: mostEntries) {
            return nil
        }
        return "stores the matrix of a kernel without its zeros, and that of weight shape "
            + "\(geometry.weightShape) for input shape \(geometry.inputShape) may have more than "
            + "\(mostEntries) (2^24) rows or entries"
    }

    /// Where an output without bias starts: at −0, so that a −0 sent through an identity comes back.
    private var sumStart: Scalar { -.zero }

    /// The matrix of `weight`, and one bias for each output channel.
    func prepare(
        _ weight: UnsafePointer<Scalar>, bias: UnsafePointer<Scalar>?
    ) -> WeightSet<Scalar> {
        let rows = KernelRows(geometry)
        let matrix = SparseMatrix<Scalar>(rowCount: rows.rowCount, entryCount: rows.entryCount)
        let (values, columns) = (matrix.values, matrix.columns)
        var at = 0
        for row in 0..<rows.rowCount {
            matrix.starts[row] = Int32(at)
            rows.forEachEntry(ofRow: row) { column, index in
                values[at] = weight[index]
                columns[at] = Int32(column)
                at += 1
            }
        }
        let biases = (0..<geometry.outputChannels).map { bias?[$0] ?? sumStart }
        return WeightSet(panels: [], bias: biases, matrix: matrix)
    }

    /// Over images x rows of the matrix.
    func run(_ operands: RunOperands<Scalar>, weights: WeightSet<Scalar>) {
        guard let matrix = weights.matrix else { preconditionFailure("weights of another plan") }
        let pixels = geometry.outputSize.count
        let inputs = geometry.inputChannels * geometry.inputSize.count
        let perTask = max(1, matrix.rowCount * 16_384 / max(1, matrix.entryCount + matrix.rowCount))
        let tasks = (matrix.rowCount + perTask - 1) / perTask
        ParallelTiles.run(geometry.batch * tasks, threads: threads) { task, _ in
            let (image, part) = (task / tasks, task % tasks)
            let input = operands.input + image * inputs
            let output = operands.output + image * matrix.rowCount
            let rows = part * perTask..<min(matrix.rowCount, (part + 1) * perTask)
            for row in rows {
                output[row] = matrix.product(
                    ofRow: row, input, addedTo: weights.bias[row / pixels])
            }
            operands.finish(output + rows.lowerBound, count: rows.count)
        }
    }
}
