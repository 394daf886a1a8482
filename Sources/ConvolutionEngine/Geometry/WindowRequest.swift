// SPDX-License-Identifier: Apache-2.0

/// An `unfold` or `fold` as the caller sent it; its extensions hold the checks, by topic.
///
/// Every message is value, rule and cure, in the words of the HTTP contract.
struct WindowRequest {
    enum Operation: String { case unfold, fold }

    let operation: Operation
    let input: [Int]
    /// Of `fold` only.
    let outputSize: WindowOptions.Amount?
    let options: WindowOptions
    /// 1, 2 or 3.
    let spatialRank: Int
    /// The parameter that told the spatial rank; nil where none is a list.
    let teller: Teller?

    /// A parameter that is a list, and for how many spatial dimensions.
    struct Teller {
        let field: String
        let spelled: String
        let spatialRank: Int
    }

    init(
        _ operation: Operation, input: [Int], outputSize: WindowOptions.Amount?,
        _ options: WindowOptions
    ) throws(ConvolutionError) {
        teller = Self.teller(outputSize, options)
        spatialRank = teller?.spatialRank ?? 2
        self.operation = operation
        self.input = input
        self.outputSize = outputSize
        self.options = options
        if let teller, !(1...3).contains(spatialRank) { throw rankError(teller) }
    }

    private static func teller(
        _ outputSize: WindowOptions.Amount?, _ options: WindowOptions
    ) -> Teller? {
        if let teller = Teller("output_size", outputSize) { return teller }
        if let teller = Teller("kernel_size", options.kernelSize) { return teller }
        let others = [
            Teller("stride", options.stride), Teller("dilation", options.dilation),
            Teller(options.padding),
        ]
        return others.compactMap { $0 }.max { $0.spatialRank < $1.spatialRank }
    }

    private static let cures = [
        "padding": "as many values, or as many [before, after] pairs", "pads": "2, 4 or 6 values",
    ]

    private func rankError(_ teller: Teller) -> ConvolutionError {
        .invalid(
            field: teller.field,
            reason: "\(teller.field) is \(teller.spelled), a list for "
                + "\(Spelling.count(spatialRank, "spatial dimension")); \(operation) has 1, 2 or 3: "
                + "send " + Self.cures[teller.field, default: "as many values"])
    }
}

extension WindowRequest.Teller {
    init?(_ field: String, _ amount: WindowOptions.Amount?) {
        guard let amount, let values = amount.listed else { return nil }
        self.init(field: field, spelled: amount.spelled, spatialRank: values.count)
    }

    init?(_ padding: WindowOptions.Padding) {
        switch padding {
        case .valid: return nil
        case .symmetric(let amount): self.init("padding", amount)
        case .pairs(let pairs):
            self.init(
                field: "padding", spelled: Spelling.list(pairs.map(Spelling.list)),
                spatialRank: pairs.count)
        case .pads(let pads):
            self.init(field: "pads", spelled: Spelling.list(pads), spatialRank: pads.count / 2)
        }
    }
}

/// The words for messages.
extension WindowRequest {
    /// The names of the spatial dimensions.
    var axisNames: [String] {
        spatialRank == 1 ? ["length"] : ["depth", "height", "width"].suffix(spatialRank)
    }

    /// "[N, C, H, W], or [C, H, W] without a batch"
    var imageLayouts: String {
        let letters = spatialRank == 1 ? ["L"] : ["D", "H", "W"].suffix(spatialRank)
        let unbatched = ["C"] + letters
        return "\(Spelling.words(["N"] + unbatched)), "
            + "or \(Spelling.words(unbatched)) without a batch"
    }

    /// "in 2 spatial dimensions, as kernel_size [3, 3] tells"
    var toldRank: String {
        let dimensions = "in \(Spelling.count(spatialRank, "spatial dimension")), as "
        guard let teller else { return dimensions + "no parameter is a list" }
        return dimensions + "\(teller.field) \(teller.spelled) tells"
    }
}

extension Spelling {
    /// "[N, C, H, W]"
    static func words(_ words: [String]) -> String { "[" + words.joined(separator: ", ") + "]" }
}
