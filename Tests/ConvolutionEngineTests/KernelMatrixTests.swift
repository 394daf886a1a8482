// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

@Suite("The kernel as a matrix")
struct KernelMatrixTests {
    /// Every case without its bias, which has no part in the matrix.
    static let rows = (ConvolutionCase.forward + ConvolutionCase.transposed).map { row in
        var row = row
        row.bias = false
        return row
    }

    /// Those whose matrix is not too large to be made with its zeros.
    static let dense = rows.filter { row in
        (try? row.geometry).map { (try? KernelMatrix.shape($0)) != nil } ?? false
    }

    @Test("matrix @ input is the convolution", arguments: DType.allCases)
    func product(dtype: DType) throws {
        #expect(Self.dense.count > Self.rows.count - 8)
        for row in Self.dense {
            let trial = try Trial(row, dtype, seed: 20)
            let matrix = try KernelMatrix.dense(trial.geometry, weight: trial.weight)
            #expect(matrix.dtype == dtype)
            #expect(matrix.shape == (try KernelMatrix.shape(trial.geometry)))
            let expected = Convolve.reference(
                trial.geometry, input: trial.input, weight: trial.weight, bias: nil)
            let actual = matrix.times(trial.input.doubles)
            let failure = mismatch(actual, expected, Tolerance(relative: 1e-13))
            #expect(failure == nil, "\(row): \(failure ?? "")")
        }
    }

    @Test("matrixᵀ is the matrix of the transposed convolution, bit for bit")
    func transpose() throws {
        var count = 0
        for row in Self.dense where row.direction == .forward && row.isBatched {
            guard !row.input.contains(0), !row.weight.contains(0) else { continue }
            let forward = try Trial(row, .float32, seed: 21)
            guard let backward = row.transposedBack(forward.geometry) else { continue }
            let matrix = try KernelMatrix.dense(forward.geometry, weight: forward.weight)
            let back = try KernelMatrix.dense(backward, weight: forward.weight)
            #expect(back.shape == matrix.shape.reversed(), "\(row)")
            #expect(back.doubles == matrix.transposed, "\(row)")
            count += 1
        }
        #expect(count > 20)
    }

    @Test("a plain kernel, written out")
    func plain() throws {
        func matrix(_ input: [Int], _ kernel: Tensor, stride: Int, padding: Int) throws -> Tensor {
            var options = ConvolutionOptions()
            options.stride = [stride]
            options.padding = .symmetric([padding])
            let geometry = try ConvolutionGeometry(
                .forward, spatialRank: input.count, input: input, weight: kernel.shape, bias: nil,
                options: options)
            return try KernelMatrix.dense(geometry, weight: kernel)
        }
        let line = try matrix([4], Tensor(shape: [3], [Float(1), 2, 3]), stride: 1, padding: 1)
        #expect(line.shape == [4, 4])
        #expect(line.doubles == [2, 3, 0, 0, 1, 2, 3, 0, 0, 1, 2, 3, 0, 0, 1, 2])
        let square = Tensor(shape: [2, 2], [Double(1), 2, 3, 4])
        let plane = try matrix([3, 3], square, stride: 1, padding: 0)
        #expect(plane.shape == [4, 9])
        #expect(
            plane.doubles == [
                1, 2, 0, 3, 4, 0, 0, 0, 0,
                0, 1, 2, 0, 3, 4, 0, 0, 0,
                0, 0, 0, 1, 2, 0, 3, 4, 0,
                0, 0, 0, 0, 1, 2, 0, 3, 4,
            ])
    }

    @Test("every case is computed by the matrix, none falls back")
    func isUsed() throws {
        for row in Self.rows {
            let plan = ConvolutionPlan(
                try row.geometry, dtype: .float32, algorithm: .kernelMatrix)
            #expect(plan.algorithm == .kernelMatrix, "\(row)")
            #expect(plan.scratchByteCount == 0)
        }
    }

    /// What a request of a hundred bytes may ask for is told without looking at every tap.
    @Test("whether a matrix fits is told by numbers alone")
    func fits() throws {
        var options = ConvolutionOptions()
        for seed in UInt64(1)...400 {
            var generator = SeededGenerator(seed: seed)
            var row = ConvolutionCase.random(using: &generator)
            row.bias = false
            guard let geometry = try? row.geometry else { continue }
            #expect(Algorithm.able(for: geometry).contains(.kernelMatrix), "\(row)")
        }
        options.padding = .symmetric([1 << 23])
        let many = try ConvolutionGeometry(
            .forward, spatialRank: 1, input: [1, 0, 1], weight: [1, 0, 1 << 24], bias: nil,
            options: options)
        for _ in 0..<100_000 where !Algorithm.able(for: many).contains(.kernelMatrix) {
            Issue.record("the padded input has one place for it")
        }
    }

    @Test(
        "a plan falls back where the matrix is too large",
        arguments: [
            ([1, 64, 56, 56], [64, 64, 3, 3], 0), ([1, 1, 3000, 3000], [2, 1, 1, 1], 0),
            ([1, 0, 4000, 1], [1, 0, 8000, 1], 8000), ([1, 1, 1, 1], [1, 1, 1, 1], 1 << 23),
        ])
    func fallsBack(_ input: [Int], _ weight: [Int], padding: Int) throws {
        var options = ConvolutionOptions()
        options.padding = .symmetric([padding, 0])
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 2, input: input, weight: weight, bias: nil, options: options)
        let plan = ConvolutionPlan(geometry, dtype: .float32, algorithm: .kernelMatrix)
        #expect(plan.algorithm != .kernelMatrix)
    }

    @Test("the sizes of a matrix are bounded before it is made")
    func tooLarge() throws {
        var options = ConvolutionOptions()
        func geometry(_ input: [Int], _ weight: [Int]) throws -> ConvolutionGeometry {
            try ConvolutionGeometry(
                .forward, spatialRank: input.count - (weight.count > 2 ? 1 : 0), input: input,
                weight: weight, bias: nil, options: options)
        }
        #expect(try KernelMatrix.shape(geometry([64, 64], [1, 1])) == [4096, 4096])
        let reason = """
            input_size is [64, 65]: the matrix has a row for each of 4160 outputs and a column for \
            each of 4160 inputs; at most 16777216 (2^24) elements are made: use a smaller \
            input_size, less padding or fewer channels
            """
        #expect(throws: ConvolutionError.invalid(field: "input_size", reason: reason)) {
            try KernelMatrix.shape(geometry([64, 65], [1, 1]))
        }
        // No columns, but as much to look at.
        options.padding = .symmetric([4000])
        #expect(throws: ConvolutionError.self) {
            try KernelMatrix.shape(geometry([0, 4], [3000, 0, 4000]))
        }
        options.padding = .symmetric([1 << 39])
        #expect(throws: ConvolutionError.self) {
            try KernelMatrix.shape(geometry([2], [1]))
        }
    }

    @Test("no input channels: rows without columns")
    func noColumns() throws {
        let geometry = try ConvolutionGeometry(
            .forward, spatialRank: 1, input: [0, 4], weight: [3, 0, 2], bias: nil,
            options: ConvolutionOptions())
        let weight = Tensor(shape: [3, 0, 2], [Float]())
        let matrix = try KernelMatrix.dense(geometry, weight: weight)
        #expect(matrix.shape == [9, 0])
    }
}

extension Tensor {
    /// The product of a matrix and each of the vectors that follow each other in `vectors`.
    fileprivate func times(_ vectors: [Double]) -> [Double] {
        let (rows, columns) = (shape[0], shape[1]), matrix = doubles
        let images = columns == 0 ? 2 : vectors.count / columns
        return (0..<images * rows).map { i in
            let (image, row) = (i / rows * columns, i % rows * columns)
            return (0..<columns).reduce(0) { $0 + matrix[row + $1] * vectors[image + $1] }
        }
    }

    fileprivate var transposed: [Double] {
        let (rows, columns) = (shape[0], shape[1]), matrix = doubles
        return (0..<rows * columns).map { matrix[$0 % rows * columns + $0 / rows] }
    }
}
