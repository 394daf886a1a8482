// SPDX-License-Identifier: Apache-2.0

/// Compressed rows: the entries of each row with their columns, one row behind the other.
struct SparseMatrix<Scalar: TensorScalar>: Sendable {
    let rowCount: Int
    let entryCount: Int
    private let storage: TensorStorage

    /// Room for a matrix; filled by the caller, but for the last of ``starts``.
    init(rowCount: Int, entryCount: Int) {
        (self.rowCount, self.entryCount) = (rowCount, entryCount)
        let entry = MemoryLayout<Scalar>.stride + MemoryLayout<Int32>.stride
        storage = TensorStorage(
            byteCount: entryCount * entry + (rowCount + 1) * MemoryLayout<Int32>.stride)
        starts[rowCount] = Int32(entryCount)
    }

    var byteCount: Int { storage.byteCount }
    /// `[entries]`
    var values: UnsafeMutablePointer<Scalar> {
        storage.bytes.assumingMemoryBound(to: Scalar.self)
    }
    /// `[entries]`
    var columns: UnsafeMutablePointer<Int32> {
        (storage.bytes + entryCount * MemoryLayout<Scalar>.stride).assumingMemoryBound(
            to: Int32.self)
    }
    /// `[rows + 1]`: where the entries of a row begin.
    var starts: UnsafeMutablePointer<Int32> { columns + entryCount }

    /// The product of a row and a vector, added to `start`: four sums of every fourth entry, so that no
    /// addition waits for the one before. A row without entries gives `start`, 0 for −0.
    @inline(__always)
    func product(
        ofRow row: Int, _ vector: UnsafePointer<Scalar>, addedTo start: Scalar
    ) -> Scalar {
        let (values, columns) = (values, columns)
        var at = Int(starts[row])
        let end = Int(starts[row + 1])
        if at == end { return start + 0 }
        var a = start, b = -Scalar.zero, c = -Scalar.zero, d = -Scalar.zero
        while at + 4 <= end {
            a += values[at] * vector[Int(columns[at])]
            b += values[at + 1] * vector[Int(columns[at + 1])]
            c += values[at + 2] * vector[Int(columns[at + 2])]
            d += values[at + 3] * vector[Int(columns[at + 3])]
            at += 4
        }
        while at < end {
            a += values[at] * vector[Int(columns[at])]
            at += 1
        }
        return (a + b) + (c + d)
    }
}
