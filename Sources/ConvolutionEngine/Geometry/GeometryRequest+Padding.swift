// SPDX-License-Identifier: Apache-2.0

/// The spellings of padding.
extension GeometryRequest {
    /// One pair for each spatial dimension, or nil for `same`, which depends on the kernel.
    func checkedPadding() throws(ConvolutionError) -> [(before: Int, after: Int)]? {
        switch options.padding {
        case .valid: return Array(repeating: (0, 0), count: spatialRank)
        case .same: return nil
        case .pairs(let pairs): return try checkedPairs(pairs)
        case .symmetric(let values):
            guard values.count != 2 * spatialRank else { throw flatListError(values) }
            return try resolve(parameter(values)).map { ($0, $0) }
        }
    }

    private func parameter(_ values: [Int]) -> Parameter {
        Parameter(
            field: "padding", values: values, standard: 0, minimum: 0,
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
                + "one pair for each spatial dimension")
    }

    private var pairsLayout: String {
        Spelling.list(Array(repeating: "[before, after]", count: spatialRank))
    }
}
