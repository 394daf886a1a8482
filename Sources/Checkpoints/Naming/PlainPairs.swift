// SPDX-License-Identifier: Apache-2.0

/// A convolution (or linear layer) and the batch norm that its name puts behind it.
struct PlainPair {
    /// How their names belong together.
    enum Style: Hashable {
        /// Neighbours in a `Sequential`: nothing can be between them.
        case sequential
        /// timm's `conv_pw`, `conv_dw`, `conv_pwl` and `bn1` ... `bn3`, in the order of their block.
        case ordered
        /// `conv1` and `bn1`, `conv` and `norm`: alike but for the word, in whatever order they run.
        case alike(word: String, isNumbered: Bool)
        /// The caller's word.
        case told
    }

    let convolution: String
    let batchNorm: String
    let style: Style
}

/// Which convolution a batch norm stands behind, by names.
///
/// A file has no order of layers in it, so names are all there is. Neighbours in a `Sequential` run one after the other; of
/// `conv1` and `bn1` either may be first, and shapes decide (``PairEvidence``).
extension BlockSearch {
    /// The words for a batch norm in a module's name, and for the layer in front of it.
    private static let normWords = ["batchnorm", "batch_norm", "bn", "norm"]
    private static let layerWords = [
        "conv", "c", "fc", "linear", "lin", "dense", "deconv", "upconv", "conv_transpose", "up",
    ]

    /// The layers of timm's blocks in the order in which they run, the longest first.
    ///
    /// Source: timm `_efficientnet_blocks.py` (InvertedResidual, EdgeResidual, DepthwiseSeparableConv) and
    /// `efficientnet.py` (`conv_stem`, `bn1`, `conv_head`, `bn2`).
    private static let orders = [
        ["conv_pw", "conv_dw", "conv_pwl"], ["conv_exp", "conv_pwl"], ["conv_dw", "conv_pw"],
        ["conv_stem", "conv_head"], ["conv_stem"],
    ]

    /// The pairs among what is not claimed yet; one batch norm with several candidates is refused.
    mutating func pairsByName() throws(CheckpointError) -> [PlainPair] {
        var pairs: [PlainPair] = []
        for module in modules where !isClaimed(module) && !isExcluded(module) {
            guard try index.batchNorm(module) != nil || isNormWithoutStatistics(module) else {
                continue
            }
            let candidates = try candidates(for: module).filter {
                !isClaimed($0.convolution) && !isExcluded($0.convolution)
            }
            if candidates.count == 1 {
                pairs.append(candidates[0])
            } else if candidates.count > 1 {
                let names = candidates.map { shown($0.convolution) }.joined(separator: ", ")
                refuse(
                    module, modules: [module] + candidates.map(\.convolution),
                    "\(shown(module)) may stand behind any of \(names)",
                    hint: "tell which by pairs, such as {\"\(shown(candidates[0].convolution))\": "
                        + "\"\(shown(module))\"}")
            }
        }
        return pairs
    }

    private func candidates(for batchNorm: String) throws(CheckpointError) -> [PlainPair] {
        let (parent, last) = ModuleName.split(batchNorm)
        func exists(_ name: String) -> Bool { isLayer(ModuleName.joined(parent, name)) }
        func pair(_ name: String, _ style: PlainPair.Style) -> PlainPair {
            PlainPair(
                convolution: ModuleName.joined(parent, name), batchNorm: batchNorm, style: style)
        }
        // A module of the convolution itself, as detectron2 has it.
        if Self.normWords.contains(last), !parent.isEmpty, isLayer(parent) {
            return [PlainPair(convolution: parent, batchNorm: batchNorm, style: .sequential)]
        }
        if let number = ModuleName.index(last) {
            let before = "\(number - 1)"
            return number > 0 && exists(before) ? [pair(before, .sequential)] : []
        }
        if last.hasPrefix("bn"), let number = ModuleName.index(String(last.dropFirst(2))),
            let order = Self.orders.first(where: { $0.allSatisfy(exists) })
        {
            return order.indices.contains(number - 1) ? [pair(order[number - 1], .ordered)] : []
        }
        for word in Self.normWords {
            guard let range = last.firstRange(of: word) else { continue }
            let style = PlainPair.Style.alike(
                word: word, isNumbered: last.utf8.contains(where: ModuleName.isDigit))
            let named = Self.layerWords.map { last.replacingCharacters(range, with: $0) }
                .filter(exists).map { pair($0, style) }
            guard named.count > 1 else { return named }
            var fitting: [PlainPair] = []
            for pair in named where try fits(pair) { fitting.append(pair) }
            return fitting
        }
        return []
    }

    /// Whether it has a weight like a convolution's, be it one that can be fused or not.
    private func isLayer(_ module: String) -> Bool {
        index.modules[module]?.contains { name, entry in
            name.hasPrefix("weight") && index.shape(entry).count >= 2
        } ?? false
    }

    /// Whether the shapes allow the pair in some order.
    private func fits(_ pair: PlainPair) throws(CheckpointError) -> Bool {
        guard let convolution = index.convolution(pair.convolution),
            let bn = try index.batchNorm(pair.batchNorm)
        else { return true }
        let evidence = PairEvidence(convolution, bn)
        return evidence.fitsBehind || evidence.fitsInFront
    }

    /// Something named `bn...` with weight and bias alone: a batch norm that depends on its batch.
    private func isNormWithoutStatistics(_ module: String) -> Bool {
        let last = ModuleName.split(module).last
        return index.isAffineOnly(module) && last.hasPrefix("bn")
    }
}

extension String {
    fileprivate func replacingCharacters(
        _ range: Range<String.Index>, with other: String
    ) -> String {
        self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
