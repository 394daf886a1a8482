// SPDX-License-Identifier: Apache-2.0

/// The spellings of padding.
extension GeometryRequest {
    /// Padding whose values are legal, each for itself; the words depend on the other parameters.
    enum CheckedPadding {
        case numbers([(before: Int, after: Int)])
        case same
        case ceiling(oddBefore: Bool)
        /// The kernel's reach before, and after if asked for.
        case reach(after: Bool)
        case derived
    }

    func checkedPadding() throws(ConvolutionError) -> CheckedPadding {
        switch options.padding {
        case .valid: return .numbers(Array(repeating: (0, 0), count: spatialRank))
        case .same: return .same
        case .sameUpper: return .ceiling(oddBefore: false)
        case .sameLower: return .ceiling(oddBefore: true)
        case .full: return .reach(after: true)
        case .derived: return .derived
        case .causal:
            try checkCausal()
            return .reach(after: false)
        case .pairs(let pairs): return .numbers(try checkedPairs(pairs))
        case .pads(let values): return .numbers(try checkedPads(values))
        case .symmetric(let values):
            guard values.count != 2 * spatialRank else { throw flatListError(values) }
            return .numbers(try resolve(parameter(values)).map { ($0, $0) })
        }
    }

    private func checkCausal() throws(ConvolutionError) {
        guard spatialRank == 1 else {
            throw .invalid(
                field: "padding",
                reason: "padding is \"causal\", which only 1-d convolutions have, where before and "
                    + "after are a matter of time; \(operation) takes \(pairsLayout)")
        }
    }

    private func checkedPads(
        _ values: [Int]
    ) throws(ConvolutionError) -> [(before: Int, after: Int)] {
        guard values.count == 2 * spatialRank else {
            throw .invalid(
                field: "pads",
                reason: "pads has \(Spelling.count(values.count, "value")), "
                    + "\(Spelling.list(values)); "
                    + "\(operation) takes \(2 * spatialRank): what goes before each spatial dimension, "
                    + "then what goes after each (ONNX's order)")
        }
        let parameter = parameter([], field: "pads")
        for value in values { try checkRange(value, of: "\(values)", parameter) }
        return (0..<spatialRank).map { (values[$0], values[$0 + spatialRank]) }
    }

    private func parameter(_ values: [Int], field: String = "padding") -> Parameter {
        Parameter(
            field: field, values: values, standard: 0, minimum: 0,
            cure: direction == .forward
                ? "crop the input before sending it"
                : "use output_padding to make the output larger")
    }

    private func checkedPairs(
        _ pairs: [[Int]]
    ) throws(ConvolutionError) -> [(before: Int, after: Int)] {
        guard pairs.count == spatialRank, pairs.allSatisfy({ $0.count == 2 }) else {
            throw .invalid(
                field: "padding",
                reason: "padding is \(Spelling.list(pairs.map(Spelling.list))); \(operation) takes "
                    + "\(pairsLayout), one pair for each spatial dimension")
        }
        for value in pairs.joined() {
            try checkRange(value, of: "\(pairs)", parameter([]))
        }
        return pairs.map { ($0[0], $0[1]) }
    }

    private func flatListError(_ values: [Int]) -> ConvolutionError {
        .invalid(
            field: "padding",
            reason: "padding is a flat list of \(values.count) numbers, \(values), whose order "
                + "differs between frameworks; write it as \(pairsLayout), "
                + "one pair for each spatial dimension, or as pads in ONNX's order")
    }

    private var pairsLayout: String {
        Spelling.list(Array(repeating: "[before, after]", count: spatialRank))
    }
}
