// SPDX-License-Identifier: Apache-2.0

import KernelInterface

/// The transforms of kernels, divided by the number of points, and the kernels themselves: where an
/// output is not finite they are used as they are (``FFTConvolution``).
struct KernelSpectra<Scalar: TensorScalar>: Sendable {
    private let storage: TensorStorage
    let raw: TensorStorage

    /// Room for both.
    init(count: Int, rawCount: Int) {
        storage = TensorStorage(byteCount: count * MemoryLayout<Scalar>.stride)
        raw = TensorStorage(byteCount: rawCount * MemoryLayout<Scalar>.stride)
    }

    /// The transforms, in the order in which the plan reads them.
    var values: UnsafeMutablePointer<Scalar> {
        storage.bytes.assumingMemoryBound(to: Scalar.self)
    }
    /// The weight as it came.
    var weight: UnsafeMutablePointer<Scalar> { raw.bytes.assumingMemoryBound(to: Scalar.self) }
    /// Memory that they take.
    var byteCount: Int { storage.byteCount + raw.byteCount }
}
