// SPDX-License-Identifier: Apache-2.0

/// The element types that tensors have on the wire and in memory.
public enum DType: String, Sendable, CaseIterable {
    case float32, float64
    /// IEEE 754 binary16, and the upper half of a float32. Tensors are stored in these; what is
    /// computed is computed in ``computed`` and rounded once.
    case float16, bfloat16

    /// Bytes that one element takes.
    public var byteCount: Int {
        switch self {
        case .float32: 4
        case .float64: 8
        case .float16, .bfloat16: 2
        }
    }

    /// The type that these elements are computed in: float32 for the two of 16 bits, else this one.
    public var computed: DType {
        switch self {
        case .float32, .float64: self
        case .float16, .bfloat16: .float32
        }
    }

    /// Whether a value is finite once it is rounded to this type.
    public func holds(_ value: Double) -> Bool {
        switch self {
        case .float32: Float(value).isFinite
        case .float64: value.isFinite
        case .float16: Binary16.widen(Binary16.round(value)).isFinite
        case .bfloat16: BrainFloat16.widen(BrainFloat16.round(value)).isFinite
        }
    }
}
