// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Arrays of any order of bytes and elements as the engine has them: little-endian, row-major.
struct RowMajor {
    private let header: NPYHeader
    /// The sizes that are not 1: the others do not move an element.
    private let sizes: [Int]

    init(_ header: NPYHeader) {
        self.header = header
        sizes = header.shape.filter { $0 != 1 }
    }

    /// Whether the bytes are right as they lie.
    var isPlain: Bool { !header.element.isBigEndian && !isTransposed }

    private var isTransposed: Bool { header.isFortranOrder && sizes.count > 1 }

    /// The tensor whose bytes begin at `source`, all of them there.
    func tensor(from source: UnsafeRawPointer) -> Tensor {
        let storage = TensorStorage(byteCount: header.dataByteCount)
        if isPlain {
            storage.bytes.copyMemory(from: source, byteCount: header.dataByteCount)
        } else if header.dataByteCount > 0 {
            convert(from: source, to: storage.bytes)
        }
        return tensor(storage)
    }

    /// The tensor over its bytes as the engine has them.
    func tensor(_ storage: TensorStorage) -> Tensor {
        Tensor(dtype: header.element.dtype, shape: header.shape, storage: storage)
    }

    private func convert(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
        switch header.element.dtype.byteCount {
        case 2: convert(from: source, to: target, UInt16.self)
        case 4: convert(from: source, to: target, UInt32.self)
        default: convert(from: source, to: target, UInt64.self)
        }
    }

    private func convert<Bits: FixedWidthInteger>(
        from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, _: Bits.Type
    ) {
        let count = header.dataByteCount / MemoryLayout<Bits>.size
        let elements = target.bindMemory(to: Bits.self, capacity: count)
        let move = ElementMove(source: source, target: elements, swaps: header.element.isBigEndian)
        isTransposed ? transpose(move) : move.line(count)
    }

    /// Element (i0, i1, ..., i(r-1)) of a Fortran array is at i0 + i1 n0 + i2 n0 n1 + ...: for each
    /// index of the sizes in between, a matrix of the first and the last one is transposed.
    ///
    ///     for middle: transpose the n0 x n(r-1) matrix
    private func transpose<Bits>(_ move: ElementMove<Bits>) {
        let (rows, columns) = (sizes[0], sizes[sizes.count - 1])
        let matrix = ElementMove<Bits>.Matrix(
            rows: rows, columns: columns,
            rowStride: sizes.dropFirst().reduce(1, *), columnStride: sizes.dropLast().reduce(1, *))
        var index = [Int](repeating: 0, count: sizes.count)
        let (sourceStrides, targetStrides) = strides()
        var (from, to) = (0, 0)
        while true {
            move.transpose(matrix, from: from, to: to)
            var dimension = sizes.count - 2
            while dimension > 0 {
                index[dimension] += 1
                from += sourceStrides[dimension]
                to += targetStrides[dimension]
                if index[dimension] < sizes[dimension] { break }
                from -= sourceStrides[dimension] * sizes[dimension]
                to -= targetStrides[dimension] * sizes[dimension]
                index[dimension] = 0
                dimension -= 1
            }
            if dimension <= 0 { return }
        }
    }

    /// Elements from one index of a dimension to the next: column-major, row-major.
    private func strides() -> (source: [Int], target: [Int]) {
        let source = sizes.indices.map { sizes.prefix($0).reduce(1, *) }
        let target = sizes.indices.map { sizes.dropFirst($0 + 1).reduce(1, *) }
        return (source, target)
    }
}

/// Moves elements from a file to a tensor.
private struct ElementMove<Bits: FixedWidthInteger> {
    let source: UnsafeRawPointer
    let target: UnsafeMutablePointer<Bits>
    let swaps: Bool

    /// A matrix whose columns lie together in the source, and whose rows in the target.
    struct Matrix {
        let rows, columns: Int
        /// Elements from a row to the next in the target, from a column to the next in the source.
        let rowStride, columnStride: Int
    }

    /// The first `count` elements in their order.
    func line(_ count: Int) {
        for i in 0..<count { move(from: i, to: i) }
    }

    /// 16 x 16 at a time: as many lines of 64 bytes as the nearest cache surely holds.
    func transpose(_ matrix: Matrix, from: Int, to: Int) {
        let side = 16
        for firstRow in stride(from: 0, to: matrix.rows, by: side) {
            let rows = firstRow..<min(matrix.rows, firstRow + side)
            for first in stride(from: 0, to: matrix.columns, by: side) {
                let columns = first..<min(matrix.columns, first + side)
                for row in rows {
                    for column in columns {
                        move(
                            from: from + row + column * matrix.columnStride,
                            to: to + row * matrix.rowStride + column)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func move(from: Int, to: Int) {
        let bits = source.loadUnaligned(
            fromByteOffset: from * MemoryLayout<Bits>.size, as: Bits.self)
        target[to] = swaps ? bits.byteSwapped : bits
    }
}
