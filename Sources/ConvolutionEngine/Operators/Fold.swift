// SPDX-License-Identifier: Apache-2.0

/// Adds columns to where their blocks were cut out (`col2im`): the adjoint of ``Unfold``.
///
///     image[n, c, b·s + k·d − before] += columns[n, (c, k), b]   for every k and b that is inside
///
/// Each element is a sum in the order of k, whatever the number of cores, which is PyTorch's order too.
/// Folding what was unfolded gives each element as often as blocks hold it.
///
/// Source: `torch.nn.functional.fold`, ONNX Col2Im; 1 to 3 spatial dimensions.
public enum Fold {
    /// The image, `[N, C, *output_size]` or `[C, *output_size]`, in the columns' dtype.
    ///
    /// - Parameters:
    ///   - geometry: built by ``WindowGeometry/init(folding:outputSize:options:)``
    ///   - columns: `[N, C·Πk, L]` or `[C·Πk, L]`, of that geometry
    public static func run(_ geometry: WindowGeometry, columns: Tensor) -> Tensor {
        precondition(geometry.columnsShape == columns.shape, "geometry of other columns")
        switch columns.dtype {
        case .float32: return image(Float.self, geometry, columns)
        case .float64: return image(Double.self, geometry, columns)
        case .float16, .bfloat16:
            return run(geometry, columns: columns.widened()).rounded(to: columns.dtype)
        }
    }

    private static func image<Scalar: TensorScalar>(
        _: Scalar.Type, _ geometry: WindowGeometry, _ columns: Tensor
    ) -> Tensor {
        columns.withElements(of: Scalar.self) { columns in
            Tensor(shape: geometry.imageShape, of: Scalar.self) { image in
                run(
                    geometry, columns: columns.baseAddress!, image: image.baseAddress!,
                    threads: WindowTap.threads(for: geometry))
            }
        }
    }

    /// The same between memory that the caller owns, over images x channels.
    package static func run<Scalar: TensorScalar>(
        _ geometry: WindowGeometry, columns: UnsafePointer<Scalar>,
        image: UnsafeMutablePointer<Scalar>, threads: Int
    ) {
        let (taps, blocks) = (geometry.kernel.count, geometry.blocks.count)
        let pixels = geometry.size.count
        let memory = WindowWork(image: image, columns: UnsafeMutablePointer(mutating: columns))
        let planes = geometry.batch * geometry.channels
        let perTask = max(1, 16_384 / max(pixels, taps * blocks))
        ParallelTiles.run((planes + perTask - 1) / perTask, threads: threads) { task, _ in
            for plane in task * perTask..<min(planes, (task + 1) * perTask) {
                let image = memory.image + plane * pixels
                image.initialize(repeating: 0, count: pixels)
                for k in 0..<taps {
                    let row = memory.columns + (plane * taps + k) * blocks
                    add(WindowTap(geometry, k), from: row, to: image)
                }
            }
        }
    }

    /// One element of the window, at all its positions in one channel.
    private static func add<Scalar: TensorScalar>(
        _ tap: WindowTap, from row: UnsafePointer<Scalar>, to plane: UnsafeMutablePointer<Scalar>
    ) {
        let (size, blocks) = (tap.geometry.size, tap.geometry.blocks)
        for z in 0..<blocks.depth {
            guard let depth = tap.depth(z) else { continue }
            for y in 0..<blocks.height {
                guard let height = tap.height(y) else { continue }
                let line = plane + (depth * size.height + height) * size.width
                tap.addLine(row + (z * blocks.height + y) * blocks.width, to: line)
            }
        }
    }
}

extension WindowTap {
    /// One row of positions, to one row of the image.
    fileprivate func addLine<Scalar: TensorScalar>(
        _ positions: UnsafePointer<Scalar>, to line: UnsafeMutablePointer<Scalar>
    ) {
        let stride = geometry.stride.width
        if stride == 1 {
            let (from, to) = (positions + columns.lowerBound, line + (columns.lowerBound + left))
            for i in 0..<columns.count { to[i] += from[i] }
        } else {
            for x in columns { line[x * stride + left] += positions[x] }
        }
    }
}
