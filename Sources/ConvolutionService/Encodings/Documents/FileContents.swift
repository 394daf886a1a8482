// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TensorFiles

/// What a body of a binary encoding holds.
struct FileContents {
    private(set) var tensors: [(name: String, tensor: Tensor)] = []
    /// Parameters that are written in the file.
    private(set) var parameters: [(name: String, text: String)] = []

    /// The tensors and the metadata of a safetensors file; each tensor is copied once.
    init(safetensors file: UnsafeRawBufferPointer) throws(TensorFileError) {
        let (records, metadata) = try Safetensors.read(file)
        tensors = records.map { ($0.name, $0.tensor(of: file)) }
        parameters = metadata.filter { !Self.isFramework($0.name, $0.value) }.map {
            ($0.name, $0.value)
        }
    }

    /// The arrays of an npz file, by their names.
    ///
    /// - Parameter bfloat16: whether elements of two bytes that NumPy has no name for are bfloat16
    init(
        npz file: UnsafeRawBufferPointer, maxExpandedByteCount: Int, bfloat16: Bool
    ) throws(TensorFileError) {
        tensors = try NPZ.read(
            file, maxExpandedByteCount: maxExpandedByteCount, bfloat16: bfloat16)
    }

    /// The array of an npy file, under the name that it has for the operation.
    init(
        npy file: UnsafeRawBufferPointer, name: StaticString, bfloat16: Bool
    ) throws(TensorFileError) {
        tensors = [(name.description, try NPY.read(file, bfloat16: bfloat16))]
    }

    init(_ tensor: Tensor, name: StaticString) { tensors = [(name.description, tensor)] }

    /// `format: pt`, which libraries write into every file: it tells who wrote it.
    private static func isFramework(_ name: String, _ value: String) -> Bool {
        name == "format"
            && ["pt", "np", "numpy", "tf", "flax", "jax", "mlx", "paddle"].contains(value)
    }
}
