// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine

/// Files of named tensors as `safetensors` reads and writes them (``SafetensorsLayout`` draws one).
///
/// Source: github.com/huggingface/safetensors, README.md ("Format") and `src/tensor.rs`.
public enum Safetensors {
    /// The format's own limit.
    public static let headerLimit = 100_000_000

    /// The tensors in the order of the header, all of types that are computed with, and the strings of
    /// `__metadata__`. Nothing is copied.
    public static func read(
        _ file: UnsafeRawBufferPointer
    ) throws(TensorFileError) -> (
        tensors: [TensorRecord], metadata: [(name: String, value: String)]
    ) {
        let layout = try layout(of: file)
        var records: [TensorRecord] = []
        for entry in layout.entries {
            records.append(
                TensorRecord(
                    name: entry.name, dtype: try entry.type.computed(tensor: entry.name),
                    shape: entry.shape, bytes: entry.bytes))
        }
        return (records, layout.metadata)
    }

    private static func layout(
        of file: UnsafeRawBufferPointer
    ) throws(TensorFileError) -> SafetensorsLayout {
        let first = SafetensorsLayout.prefixByteCount
        let length = try SafetensorsLayout.headerByteCount(
            prefix: UnsafeRawBufferPointer(rebasing: file.prefix(first)), fileByteCount: file.count)
        return try SafetensorsLayout(
            header: UnsafeRawBufferPointer(rebasing: file[first..<first + length]),
            fileByteCount: file.count)
    }
}
