// SPDX-License-Identifier: Apache-2.0

extension Convolution.Operands {
    /// Memory that the widened operands, and an output of `outputCount` elements before it is rounded,
    /// take beside the tensors themselves; 0 where nothing is widened.
    func wideningByteCount(outputCount: Int) -> Int {
        let computed = input.dtype.computed
        guard input.dtype != computed else { return 0 }
        let tensors = [input, weight, bias, add].compactMap { $0 }
        return (tensors.reduce(0) { $0 + $1.count } + outputCount) * computed.byteCount
    }
}
