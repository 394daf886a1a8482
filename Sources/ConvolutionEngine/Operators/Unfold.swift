// SPDX-License-Identifier: Apache-2.0

/// Cuts an image into blocks, each a column (`im2col`): the survey's sliding window as a matrix.
///
///     out[n, (c, k), b] = image[n, c, b·s + k·d − before],   0 on padding
///
/// A row of the output is one element of the window at all its positions, so where the stride is 1 it
/// is copied in whole pieces of the image's rows.
///
/// Source: `torch.nn.functional.unfold`; 1 to 3 spatial dimensions.
public enum Unfold {
    /// The columns, `[N, C·Πk, L]` or `[C·Πk, L]`, in the image's dtype: its elements, bit for bit (but a
    /// signalling NaN of 16 bits becomes quiet).
    ///
    /// - Parameters:
    ///   - geometry: built by ``WindowGeometry/init(unfolding:options:)``
    ///   - image: `[N, C, *S]` or `[C, *S]`, of that geometry
    public static func run(_ geometry: WindowGeometry, image: Tensor) -> Tensor {
        precondition(geometry.imageShape == image.shape, "geometry of another image")
        switch image.dtype {
        case .float32: return columns(Float.self, geometry, image)
        case .float64: return columns(Double.self, geometry, image)
        case .float16, .bfloat16:
            return run(geometry, image: image.widened()).rounded(to: image.dtype)
        }
    }

    private static func columns<Scalar: TensorScalar>(
        _: Scalar.Type, _ geometry: WindowGeometry, _ image: Tensor
    ) -> Tensor {
        image.withElements(of: Scalar.self) { image in
            Tensor(shape: geometry.columnsShape, of: Scalar.self) { columns in
                run(
                    geometry, image: image.baseAddress!, columns: columns.baseAddress!,
                    threads: WindowTap.threads(for: geometry))
            }
        }
    }

    /// The same between memory that the caller owns, over images x channels x elements of a block.
    package static func run<Scalar: TensorScalar>(
        _ geometry: WindowGeometry, image: UnsafePointer<Scalar>,
        columns: UnsafeMutablePointer<Scalar>, threads: Int
    ) {
        let taps = geometry.kernel.count, blocks = geometry.blocks.count
        let rows = geometry.batch * geometry.channels * taps
        // Tasks of at least some ten thousand elements: a task costs about as much as copying a hundred.
        let perTask = max(1, 16_384 / blocks)
        let memory = WindowWork(image: UnsafeMutablePointer(mutating: image), columns: columns)
        ParallelTiles.run((rows + perTask - 1) / perTask, threads: threads) { task, _ in
            for row in task * perTask..<min(rows, (task + 1) * perTask) {
                copy(
                    WindowTap(geometry, row % taps),
                    from: memory.image + row / taps * geometry.size.count,
                    to: memory.columns + row * blocks)
            }
        }
    }

    /// One element of the window, at all its positions in one channel.
    private static func copy<Scalar: TensorScalar>(
        _ tap: WindowTap, from plane: UnsafePointer<Scalar>, to row: UnsafeMutablePointer<Scalar>
    ) {
        let (size, blocks) = (tap.geometry.size, tap.geometry.blocks)
        var out = row
        for z in 0..<blocks.depth {
            guard let depth = tap.depth(z) else {
                out.initialize(repeating: 0, count: blocks.height * blocks.width)
                out += blocks.height * blocks.width
                continue
            }
            for y in 0..<blocks.height {
                if let height = tap.height(y) {
                    tap.copyLine(plane + (depth * size.height + height) * size.width, to: out)
                } else {
                    out.initialize(repeating: 0, count: blocks.width)
                }
                out += blocks.width
            }
        }
    }
}

extension WindowTap {
    /// One row of positions, out of one row of the image.
    fileprivate func copyLine<Scalar: TensorScalar>(
        _ line: UnsafePointer<Scalar>, to out: UnsafeMutablePointer<Scalar>
    ) {
        let stride = geometry.stride.width, first = columns.lowerBound
        out.initialize(repeating: 0, count: first)
        if stride == 1 {
            (out + first).update(from: line + (first + left), count: columns.count)
        } else {
            for x in columns { out[x] = line[x * stride + left] }
        }
        let end = columns.isEmpty ? 0 : columns.upperBound
        (out + end).initialize(repeating: 0, count: geometry.blocks.width - end)
    }
}
