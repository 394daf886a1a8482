// SPDX-License-Identifier: Apache-2.0

/// The gradient of a weight with few rows a group, depthwise above all: one inner product for each tap.
///
///     dW[o, c, t] = Σ_n Σ_p rows[n, o, p] · field[n, c, p·stride + tap t]
///
/// Rows of pixels are multiplied where the field is, so nothing is packed; ``WeightGradient`` would have
/// to fill most of its tiles with zeros.
///
/// *Error*: sums of a row in eight parts, the rows' sums in double precision.
struct TapProducts<Scalar: TensorScalar>: Sendable {
    let shape: GradientShape
    let threads: Int

    /// From this number of rows a group on, tiles are full enough.
    static var mostRows: Int { 3 }

    /// Over the cores: rows of all groups x channels of a group. Writes all of the gradient.
    func run(_ operands: GradientOperands<Scalar>) {
        let taps = shape.grid.taps
        ParallelTiles.run(shape.groups * shape.rows * shape.channels, threads: threads) { task, _ in
            let row = task / shape.channels
            let group = row / shape.rows
            let channel = group * shape.channels + task % shape.channels
            for (t, tap) in taps.enumerated() {
                var sum = 0.0
                for image in 0..<shape.images {
                    let rows = image * shape.groups * shape.rows + row
                    let field = image * shape.groups * shape.channels + channel
                    sum += product(
                        operands.rows + rows * shape.positions,
                        operands.field + field * shape.grid.inputSize.count, tap)
                }
                operands.gradient[task * taps.count + t] = Scalar(sum)
            }
        }
    }

    /// One row with one channel at one tap.
    private func product(
        _ row: UnsafePointer<Scalar>, _ field: UnsafePointer<Scalar>, _ tap: SpatialTriple
    ) -> Double {
        let size = shape.grid.size, inside = shape.grid.inputSize, stride = shape.grid.stride
        let columns = Self.inside(size.width, inside.width, stride.width, tap.width)
        guard !columns.isEmpty else { return 0 }
        var sum = 0.0
        for z in Self.inside(size.depth, inside.depth, stride.depth, tap.depth) {
            for y in Self.inside(size.height, inside.height, stride.height, tap.height) {
                let fz = z * stride.depth + tap.depth, fy = y * stride.height + tap.height
                let line = field + (fz * inside.height + fy) * inside.width
                sum += Double(
                    Self.product(
                        row + (z * size.height + y) * size.width + columns.lowerBound,
                        line + columns.lowerBound * stride.width + tap.width, stride.width,
                        columns.count))
            }
        }
        return sum
    }

    /// The positions of one dimension whose element at the tap is inside the field.
    private static func inside(_ size: Int, _ field: Int, _ stride: Int, _ tap: Int) -> Range<Int> {
        let first = tap >= 0 ? 0 : (stride - 1 - tap) / stride
        let last = field - 1 - tap < 0 ? 0 : min(size, (field - 1 - tap) / stride + 1)
        return first..<max(first, last)
    }

    /// Σ a[i] · b[i·stride]
    private static func product(
        _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ stride: Int, _ count: Int
    ) -> Scalar {
        var sums = SIMD8<Scalar>.zero
        var i = 0
        if stride == 1 {
            while i + 8 <= count {
                let left = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Scalar>.self)
                let right = UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Scalar>.self)
                sums += left * right
                i += 8
            }
        }
        var sum = sums.sum()
        while i < count {
            sum += a[i] * b[i * stride]
            i += 1
        }
        return sum
    }
}
