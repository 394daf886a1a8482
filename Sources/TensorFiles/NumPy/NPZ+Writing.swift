// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

extension NPZ {
    /// A piece of an archive.
    public enum Part: Sendable {
        /// Headers.
        case bytes([UInt8])
        /// The elements of a tensor, sent from where they are.
        case tensor(Tensor)
    }

    /// An archive of stored arrays, as `numpy.savez` writes it, whose parts are sent one after the
    /// other. Each tensor is read once, for its CRC-32; nothing is copied.
    ///
    /// Names are different from each other and have at most 65,531 bytes.
    public static func parts(_ tensors: [(name: String, tensor: Tensor)]) -> [Part] {
        parts(tensors, limit32: ZipWriter.limit32)
    }

    /// `limit32`: the sizes and offsets that are too large for fields of 32 bits; smaller in tests.
    package static func parts(
        _ tensors: [(name: String, tensor: Tensor)], limit32: UInt64
    ) -> [Part] {
        var writer = ZipWriter(limit32: limit32)
        var parts: [Part] = []
        for (name, tensor) in tensors {
            let header = NPY.header(tensor.dtype, tensor.shape)
            let local = tensor.withBytes { writer.begin(name + ".npy", header: header, data: $0) }
            parts.append(.bytes(local + header))
            parts.append(.tensor(tensor))
        }
        parts.append(.bytes(writer.end()))
        return parts
    }
}

extension Tensor {
    /// The elements as bytes; valid inside `body` only.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return body(UnsafeRawBufferPointer(start: storage.bytes, count: count * dtype.byteCount))
    }
}
