// SPDX-License-Identifier: Apache-2.0

extension Convolution.Operands {
    /// The same in the type that they are computed in; see ``Tensor/widened()``.
    func widened() -> Convolution.Operands {
        Convolution.Operands(
            input: input.widened(), weight: weight.widened(), bias: bias?.widened(),
            add: add?.widened())
    }

    /// Memory that the widened operands, and an output of `outputCount` elements before it is rounded,
    /// take beside the tensors themselves; 0 where nothing is widened.
    func wideningByteCount(outputCount: Int) -> Int {
        let computed = input.dtype.computed
        guard input.dtype != computed else { return 0 }
        let tensors = [input, weight, bias, add].compactMap { $0 }
        return (tensors.reduce(0) { $0 + $1.count } + outputCount) * computed.byteCount
    }
}
