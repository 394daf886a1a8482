// SPDX-License-Identifier: Apache-2.0

/// What stands around the input where the padding is: `padding_mode` of `torch.nn.ConvNd`, and a
/// constant.
public enum Border: Sendable, Equatable {
    /// 0, which costs no memory.
    case zeros
    /// The same value everywhere.
    case constant(Double)
    /// The input mirrored at its outermost elements, which are not repeated: `3 2 | 1 2 3 | 2 1`.
    case reflect
    /// The outermost element again and again: `1 1 | 1 2 3 | 3 3`.
    case replicate
    /// The input again: `2 3 | 1 2 3 | 1 2`.
    case circular

    /// Its name in the contract.
    public var name: String {
        switch self {
        case .zeros: "zeros"
        case .constant: "constant"
        case .reflect: "reflect"
        case .replicate: "replicate"
        case .circular: "circular"
        }
    }

    /// The most padding on one side of `size` elements; nil for any.
    func most(size: Int) -> Int? {
        switch self {
        case .zeros, .constant, .replicate: nil
        case .reflect: size - 1
        case .circular: size
        }
    }

    /// The element of the input that stands at `index` of a dimension of `size` elements, which may
    /// be in front of 0 or behind the end; nil where a constant does.
    func source(_ index: Int, size: Int) -> Int? {
        if index >= 0 && index < size { return index }
        switch self {
        case .zeros, .constant: return nil
        case .reflect: return index < 0 ? -index : 2 * (size - 1) - index
        case .replicate: return index < 0 ? 0 : size - 1
        case .circular: return index < 0 ? index + size : index - size
        }
    }
}

extension ConvolutionGeometry {
    /// Whether `border` has enough input for this padding, and whether the direction has borders.
    func check(_ border: Border) throws(ConvolutionError) {
        guard border != .zeros else { return }
        guard direction == .forward else {
            throw .invalid(
                field: "padding_mode",
                reason: "padding_mode is \"\(border.name)\", which transposed convolutions do not "
                    + "have: their padding is cut off the output; leave it out, or use \"zeros\"")
        }
        for dimension in 3 - spatialRank..<3 {
            let size = inputSize[dimension]
            let padding = max(paddingBefore[dimension], paddingAfter[dimension])
            guard let most = border.most(size: size), padding > most else { continue }
            throw .invalid(
                field: "padding",
                reason: "padding is \(paddingBefore[dimension]) + "
                    + "\(paddingAfter[dimension]) around "
                    + "\(Spelling.count(size, "element")), but padding_mode \"\(border.name)\" "
                    + "has at most \(most) to put on one side of them: use less padding, a larger "
                    + "input, or padding_mode \"replicate\"")
        }
        let padded = withPaddedInput().inputSize.last(spatialRank)
        guard SizeLimit.product([batch, inputChannels] + padded) != nil else {
            throw .invalid(
                field: "padding",
                reason: "with its padding the input has shape \([batch, inputChannels] + padded), "
                    + "more than \(SizeLimit.spelled) elements, the most a tensor may have; "
                    + "use less padding")
        }
    }

    /// The same convolution of an input that holds its padding already.
    package func withPaddedInput() -> ConvolutionGeometry {
        var padded = self
        padded.inputSize = SpatialTriple { inputSize[$0] + paddingBefore[$0] + paddingAfter[$0] }
        padded.paddingBefore = SpatialTriple(repeating: 0)
        padded.paddingAfter = SpatialTriple(repeating: 0)
        return padded
    }
}
