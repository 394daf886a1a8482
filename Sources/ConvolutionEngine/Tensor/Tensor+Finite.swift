// SPDX-License-Identifier: Apache-2.0

extension UnsafeBufferPointer where Element: TensorScalar {
    /// Whether no element is NaN or infinite; without a way out, which would keep it to one lane.
    var isFinite: Bool {
        var others = 0
        for element in self { others |= element.isFinite ? 0 : 1 }
        return others == 0
    }
}

extension Tensor {
    /// Whether no element is NaN or infinite.
    var isFinite: Bool {
        switch dtype {
        case .float32:
            withElements(of: Float.self) { elements in
                // The largest magnitude, as bits, without a branch: eight lanes at a time.
                elements.reduce(into: UInt32(0)) { $0 = max($0, $1.magnitude.bitPattern) }
                    < Float.infinity.bitPattern
            }
        case .float64:
            withElements(of: Double.self) { elements in
                elements.reduce(into: UInt64(0)) { $0 = max($0, $1.magnitude.bitPattern) }
                    < Double.infinity.bitPattern
            }
        case .float16, .bfloat16: widened().isFinite
        }
    }
}
