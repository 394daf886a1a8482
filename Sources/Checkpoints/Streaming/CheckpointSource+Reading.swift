// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TensorFiles

extension CheckpointSource {
    /// Where its tensors lie.
    func layout() throws(CheckpointError) -> SafetensorsLayout {
        let first = SafetensorsLayout.prefixByteCount
        let prefix = try storage(0..<min(first, byteCount))
        defer { withExtendedLifetime(prefix) {} }
        let length: Int
        do {
            length = try SafetensorsLayout.headerByteCount(
                prefix: prefix.readable, fileByteCount: byteCount)
        } catch {
            throw CheckpointError(error)
        }
        let header = try storage(first..<first + length)
        defer { withExtendedLifetime(header) {} }
        do {
            return try SafetensorsLayout(header: header.readable, fileByteCount: byteCount)
        } catch {
            throw CheckpointError(error)
        }
    }

    private func storage(_ range: Range<Int>) throws(CheckpointError) -> TensorStorage {
        let storage = TensorStorage(byteCount: range.count)
        try read(
            at: range.lowerBound,
            into: UnsafeMutableRawBufferPointer(start: storage.bytes, count: range.count))
        return storage
    }

    /// One tensor, of a type that is computed with.
    func tensor(_ entry: SafetensorsLayout.Entry) throws(CheckpointError) -> Tensor {
        Tensor(
            dtype: entry.type.dtype!, shape: entry.shape, storage: try storage(entry.bytes))
    }

    /// Hands bytes over in pieces of 4 MiB, which keeps a disk busy.
    func copy(
        _ range: Range<Int>, _ write: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        let most = 4 << 20
        let piece = TensorStorage(byteCount: min(most, range.count))
        defer { withExtendedLifetime(piece) {} }
        for start in stride(from: range.lowerBound, to: range.upperBound, by: most) {
            let count = min(most, range.upperBound - start)
            let memory = UnsafeMutableRawBufferPointer(start: piece.bytes, count: count)
            try read(at: start, into: memory)
            try write(UnsafeRawBufferPointer(memory))
        }
    }

    func sha256() throws(CheckpointError) -> String {
        var hash = SHA256()
        try copy(0..<byteCount) { hash.update($0) }
        return hash.digest()
    }
}

extension TensorStorage {
    fileprivate var readable: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes, count: byteCount)
    }
}
