// SPDX-License-Identifier: Apache-2.0

/// In which order the pairs of a checkpoint run, as far as their shapes and names tell together.
///
/// Pairs are built alike that are named alike in modules whose names differ by numbers alone: `layer1.0.conv1` and
/// `layer2.3.conv1`. Of such a class
///
/// - one batch norm that has as many channels as its convolution takes, and not as it gives, means that all are in front;
/// - one that fits behind only, or two of the same name of which one would need groups that the other has not (where a
///   network doubles its channels), or `bn2` with other channels than `conv1` gives, mean that all are behind;
/// - otherwise nothing is known, as in a network whose channels are the same everywhere.
///
/// A pair around such a class, of the same names (`conv1` and `bn1` beside `layer1`), is not trusted either: the first
/// convolution and the last batch norm of pre-activation networks are named so.
struct Verdicts {
    enum Order {
        case behind, inFront, undecided
        /// It would be behind, but below its module there are pairs that are not.
        case aroundOthers
    }

    private struct Class: Hashable {
        let style: PlainPair.Style
        /// The module that the pair is in, `#` for each number.
        let place: String
    }

    /// The pairs of one module that are named alike.
    private struct Numbered: Hashable {
        let `class`: Class
        let module: String

        init(_ pair: PlainPair) {
            `class` = Verdicts.class(of: pair)
            module = ModuleName.split(pair.convolution).parent
        }
    }

    private struct Shown {
        var isBehind = false, isInFront = false
        /// By the last part of the convolution's name.
        var groups: [String: Set<Int>] = [:]
        /// Names of convolutions behind which their batch norm fits.
        var fitting: Set<String> = []

        var order: Order {
            if isInFront { return .inFront }
            return isBehind || groups.values.contains { $0.count > 1 } ? .behind : .undecided
        }
    }

    private var classes: [Class: Shown] = [:]
    /// Those around a class that is not behind.
    private var around: Set<Class> = []
    /// Whether a layer can only be a transposed convolution.
    private(set) var hasTransposed = false

    /// - Parameter isTransposed: whether the caller says so of a convolution, which then shows nothing
    init(
        _ pairs: [PlainPair], _ index: ModuleIndex, isTransposed: (String) -> Bool
    ) throws(CheckpointError) {
        hasTransposed = index.ordered.contains { module in
            !isTransposed(module) && index.convolution(module)?.isSurelyTransposed(index) ?? false
        }
        var numbered: [Numbered: [Int: PairEvidence]] = [:]
        for pair in pairs where !isTransposed(pair.convolution) {
            guard let convolution = index.convolution(pair.convolution),
                let bn = try index.batchNorm(pair.batchNorm)
            else { continue }
            let evidence = PairEvidence(convolution, bn)
            guard case .alike = pair.style else {
                if evidence.showsInFront, !convolution.isLinear { hasTransposed = true }
                continue
            }
            var shown = classes[Self.class(of: pair), default: Shown()]
            shown.isBehind = shown.isBehind || evidence.showsBehind
            shown.isInFront = shown.isInFront || evidence.showsInFront
            let name = ModuleName.split(pair.convolution).last
            if evidence.fitsBehind { shown.fitting.insert(name) }
            if evidence.fitsBehind, let groups = evidence.groupsInFront {
                shown.groups[name, default: []].insert(groups)
            }
            classes[Self.class(of: pair)] = shown
            numbered[Numbered(pair), default: [:]][
                ModuleName.numbered(pair.batchNorm[...]).number] = evidence
        }
        // In front of the second convolution its batch norm would have what the first one gives.
        for (place, pairs) in numbered {
            for (number, evidence) in pairs where number >= 0 {
                guard let next = pairs[number + 1], next.channels != evidence.outputs else {
                    continue
                }
                classes[place.class]?.isBehind = true
            }
        }
        for (own, shown) in classes where shown.order != .behind {
            var place = own.place
            while !place.isEmpty {
                place = ModuleName.split(place).parent
                around.insert(Class(style: own.style, place: place))
            }
        }
    }

    func order(of pair: PlainPair) -> Order {
        guard case .alike = pair.style else { return .behind }
        let own = Self.class(of: pair)
        let order = classes[own]?.order ?? .behind
        return order == .behind && around.contains(own) ? .aroundOthers : order
    }

    /// Whether a batch norm of the same names fits behind its convolution.
    func fitsElsewhere(_ pair: PlainPair) -> Bool {
        guard case .alike = pair.style else { return true }
        let name = ModuleName.split(pair.convolution).last
        return classes[Self.class(of: pair)]?.fitting.contains(name) ?? false
    }

    private static func `class`(of pair: PlainPair) -> Class {
        var place = ""
        var wasDigit = false
        for byte in ModuleName.split(pair.convolution).parent.unicodeScalars {
            let isDigit = ("0"..."9").contains(byte)
            if !isDigit {
                place.unicodeScalars.append(byte)
            } else if !wasDigit {
                place += "#"
            }
            wasDigit = isDigit
        }
        return Class(style: pair.style, place: place)
    }
}

extension FoundConvolution {
    /// A bias has as many elements as the layer has outputs, which are in dimension 0 of the weight unless it is transposed.
    fileprivate func isSurelyTransposed(_ index: ModuleIndex) -> Bool {
        guard let bias, !isLinear else { return false }
        let outputs = index.shape(bias)[0]
        return outputs != shape[0] && outputs % shape[1] == 0
    }
}
