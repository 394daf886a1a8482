// SPDX-License-Identifier: Apache-2.0

/// The element types that tensors have on the wire and in memory.
public enum DType: String, Sendable, CaseIterable {
    case float32, float64

    /// Bytes that one element takes.
    public var byteCount: Int {
        switch self {
        case .float32: 4
        case .float64: 8
        }
    }
}
