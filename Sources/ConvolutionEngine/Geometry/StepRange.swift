// SPDX-License-Identifier: Apache-2.0

/// The steps of a window for which one of its elements is inside the field and not on padding.
enum StepRange {
    /// The steps of `0..<count` with `0 ≤ step·stride + offset < field`; `stride` is at least 1.
    static func inside(_ field: Int, count: Int, stride: Int, offset: Int) -> Range<Int> {
        let first = offset >= 0 ? 0 : (-offset + stride - 1) / stride
        let end = offset >= field ? 0 : min(count, (field - offset + stride - 1) / stride)
        return first < end ? first..<end : 0..<0
    }
}
