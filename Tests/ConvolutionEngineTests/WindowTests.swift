// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

@Suite("Unfold and fold")
struct WindowTests {
    @Test("answers of PyTorch and ONNX, to the last one", arguments: [DType.float32, .float64])
    func pytorch(dtype: DType) throws {
        #expect(WindowRow.all.count == 13)
        for row in WindowRow.all {
            let unfolding = try WindowGeometry(
                unfolding: [row.batch, row.channels] + row.size, options: row.options)
            #expect(unfolding.columnsShape == row.unfolded_shape, "\(row)")
            let image = WindowRow.numbers(unfolding.imageShape, 1, dtype)
            #expect(unfolded(unfolding, image) == row.unfolded, "\(dtype) \(row)")
            let columns = WindowRow.numbers(unfolding.columnsShape, 2, dtype)
            let folding = try WindowGeometry(
                folding: columns.shape, outputSize: .list(row.size), options: row.options)
            #expect(folding == unfolding, "\(row)")
            #expect(folding.imageShape == row.folded_shape, "\(row)")
            #expect(folded(folding, columns) == row.folded, "\(dtype) \(row)")
        }
    }

    @Test("without a batch: the same, of one dimension less")
    func unbatched() throws {
        for row in WindowRow.all where row.batch == 1 {
            let geometry = try WindowGeometry(
                unfolding: [row.channels] + row.size, options: row.options)
            let image = WindowRow.numbers(geometry.imageShape, 1, .float32)
            let columns = Unfold.run(geometry, image: image)
            #expect(columns.shape == Array(row.unfolded_shape.dropFirst()))
            #expect(columns.doubles == row.unfolded)
            let back = try WindowGeometry(
                folding: columns.shape, outputSize: .list(row.size), options: row.options)
            #expect(Fold.run(back, columns: columns).shape == [row.channels] + row.size)
        }
    }

    @Test("folding what was unfolded gives each element as often as blocks hold it")
    func divisor() throws {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            guard let geometry = WindowGeometry.random(using: &generator) else { continue }
            let x = Tensor.randomIntegers(geometry.imageShape, .float32, seed: seed)
            let ones = Tensor(
                geometry.imageShape, .float32, Array(repeating: 1, count: geometry.imageCount))
            let again = Fold.run(geometry, columns: Unfold.run(geometry, image: x)).doubles
            let divisor = Fold.run(geometry, columns: Unfold.run(geometry, image: ones)).doubles
            #expect(again == zip(divisor, x.doubles).map { $0 * $1 }, "seed \(seed) \(geometry)")
            #expect(divisor == geometry.holders, "seed \(seed) \(geometry)")
        }
    }

    @Test("⟨unfold x, y⟩ = ⟨x, fold y⟩, exactly for whole numbers")
    func adjoint() throws {
        for seed in UInt64(1)...300 {
            var generator = SeededGenerator(seed: seed)
            guard let geometry = WindowGeometry.random(using: &generator) else { continue }
            let x = Tensor.randomIntegers(geometry.imageShape, .float64, seed: seed)
            let y = Tensor.randomIntegers(geometry.columnsShape, .float64, seed: seed + 1)
            let left = dot(Unfold.run(geometry, image: x), y)
            #expect(left == dot(x, Fold.run(geometry, columns: y)), "seed \(seed) \(geometry)")
        }
    }

    @Test("1 thread = n threads, bit for bit; NaN and -0 are copied as they are")
    func threads() throws {
        var options = WindowOptions(kernelSize: .list([3, 4]))
        options.padding = .pairs([[2, 1], [0, 3]])
        options.dilation = .list([2, 1])
        for stride in [1, 2] {
            options.stride = .number(stride)
            let geometry = try WindowGeometry(unfolding: [2, 5, 61, 67], options: options)
            var values = Tensor.random(geometry.imageShape, .float32, seed: 3).doubles
            for (i, value) in [.nan, -0.0, .infinity].enumerated() { values[i * 9000] = value }
            let image = Tensor(geometry.imageShape, .float32, values)
            let columns = Unfold.run(geometry, image: image)
            let folded = Fold.run(geometry, columns: columns)
            for threads in [1, 2, 3, 8] {
                let bits = unfolded(geometry, image, threads: threads).map(\.bitPattern)
                #expect(bits == columns.doubles.map(\.bitPattern), "\(threads) threads")
                let sums = self.folded(geometry, columns, threads: threads).map(\.bitPattern)
                #expect(sums == folded.doubles.map(\.bitPattern), "\(threads) threads")
            }
        }
    }

    @Test("a negative zero comes back; a padding is a positive one")
    func zeros() throws {
        var options = WindowOptions(kernelSize: .list([1]))
        options.padding = .symmetric(.number(1))
        let geometry = try WindowGeometry(unfolding: [1, 2], options: options)
        let columns = Unfold.run(geometry, image: Tensor(shape: [1, 2], [Float(-0.0), .nan]))
        let bits = columns.elements(of: Float.self).map(\.bitPattern)
        #expect(bits == [Float(0), -0.0, .nan, 0].map(\.bitPattern))
    }
}

extension WindowTests {
    private func unfolded(
        _ geometry: WindowGeometry, _ image: Tensor, threads: Int = 3
    ) -> [Double] {
        guarded(image, count: geometry.columnsCount) {
            Unfold.run(geometry, image: $0, columns: $1, threads: threads)
        } double: {
            Unfold.run(geometry, image: $0, columns: $1, threads: threads)
        }
    }

    private func folded(
        _ geometry: WindowGeometry, _ columns: Tensor, threads: Int = 3
    ) -> [Double] {
        guarded(columns, count: geometry.imageCount) {
            Fold.run(geometry, columns: $0, image: $1, threads: threads)
        } double: {
            Fold.run(geometry, columns: $0, image: $1, threads: threads)
        }
    }

    /// What `body` writes, into memory that holds NaN before and is untouched around it after.
    private func guarded(
        _ input: Tensor, count: Int,
        _ single: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
        double: (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Void
    ) -> [Double] {
        switch input.dtype {
        case .float32: input.withElements { guarded($0.baseAddress!, count, single) }
        case .float64: input.withElements { guarded($0.baseAddress!, count, double) }
        case .float16, .bfloat16: preconditionFailure("\(input.dtype) has no scalar")
        }
    }

    private func guarded<Scalar: TensorScalar>(
        _ input: UnsafePointer<Scalar>, _ count: Int,
        _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
    ) -> [Double] {
        var memory = [Scalar](repeating: .nan, count: count + 64)
        memory.withUnsafeMutableBufferPointer { body(input, $0.baseAddress! + 32) }
        let isOutsideNaN = (memory.prefix(32) + memory.suffix(32)).allSatisfy { $0.isNaN }
        #expect(isOutsideNaN, "written beside the output")
        return memory[32..<32 + count].map(Double.init)
    }

    private func dot(_ a: Tensor, _ b: Tensor) -> Double {
        zip(a.doubles, b.doubles).reduce(0) { $0 + $1.0 * $1.1 }
    }
}

extension WindowGeometry {
    /// Small sizes of any kind; nil where no block fits.
    static func random(using generator: inout SeededGenerator) -> WindowGeometry? {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        let rank = pick(1...3)
        func each(_ range: ClosedRange<Int>) -> [Int] { (0..<rank).map { _ in pick(range) } }
        let image = [pick(0...2), pick(1...3)] + each(1...[30, 12, 6][rank - 1])
        var options = WindowOptions(kernelSize: .list(each(1...4)))
        options.stride = .list(each(1...3))
        options.dilation = .list(each(1...3))
        options.padding = .pairs((0..<rank).map { _ in [pick(0...4), pick(0...4)] })
        return try? WindowGeometry(unfolding: image, options: options)
    }

    /// How many blocks hold each element of the image, counted one by one.
    fileprivate var holders: [Double] {
        let plane = (0..<size.count).map { i in
            let at = [i / size.width / size.height, i / size.width % size.height, i % size.width]
            return (0..<3).reduce(1) { $0 * holders(dimension: $1, at[$1]) }
        }
        return Array(repeating: plane, count: batch * channels).flatMap { $0 }.map(Double.init)
    }

    private func holders(dimension: Int, _ at: Int) -> Int {
        var count = 0
        for block in 0..<blocks[dimension] {
            for k in 0..<kernel[dimension]
            where block * stride[dimension] + k * dilation[dimension] - paddingBefore[dimension]
                == at
            {
                count += 1
            }
        }
        return count
    }
}
