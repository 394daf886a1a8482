// SPDX-License-Identifier: Apache-2.0

/// Plain pairs into blocks of one branch, or refused.
extension BlockSearch {
    /// What the caller says belongs together.
    mutating func addTold() throws(CheckpointError) {
        for (convolution, batchNorm) in options.pairs {
            for name in [convolution, batchNorm] where index.modules[name] == nil {
                throw CheckpointError(
                    .option("pairs"),
                    "\(shown(name)) is no module of the checkpoint; a pair names a convolution and "
                        + "the batch norm behind it, as {\"layer1.conv\": \"layer1.bn\"}")
            }
            guard !isClaimed(convolution), !isClaimed(batchNorm) else {
                throw CheckpointError(
                    .option("pairs"),
                    "\(shown(convolution)) or \(shown(batchNorm)) is in two pairs; what two layers "
                        + "share cannot be fused into one of them")
            }
            let pair = PlainPair(convolution: convolution, batchNorm: batchNorm, style: .told)
            do {
                add(try block(pair))
            } catch let unfit as UnfitBlock {
                throw CheckpointError(.option("pairs"), "\(unfit.reason); \(unfit.hint)")
            } catch let error as CheckpointError {
                throw error
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }

    mutating func findPairs() throws(CheckpointError) {
        let pairs = try pairsByName()
        let verdicts = try Verdicts(pairs, index)
        for pair in pairs {
            let names = [pair.convolution, pair.batchNorm]
            try attempt(pair.convolution, modules: names) { search in
                try search.checkOrder(pair, verdicts)
                return try search.block(pair)
            }
        }
    }

    private func block(_ pair: PlainPair) throws -> BlockPlan {
        let convolution = try convolution(pair.convolution, of: pair.convolution)
        let bn = try batchNorm(pair.batchNorm, of: pair.convolution)
        let isTransposed = options.transposed?.contains { $0.matches(pair.convolution) } ?? false
        var groups = 1
        if isTransposed {
            groups = try transposedGroups(convolution, bn)
        } else {
            try check(bn, has: convolution.shape[0], of: convolution.module)
        }
        return BlockPlan(
            name: pair.convolution, family: .convBN, branches: [.convolution(convolution, bn)],
            target: pair.convolution, isTransposed: isTransposed, groups: groups)
    }

    /// The caller's, or those that the batch norm's length means.
    private func transposedGroups(
        _ convolution: FoundConvolution, _ bn: FoundBatchNorm
    ) throws(CheckpointError) -> Int {
        let told = options.groups.last { $0.pattern.matches(convolution.module) }?.value
        let groups = told ?? max(1, bn.channels / convolution.shape[1])
        guard convolution.shape.count > 2, groups >= 1, convolution.shape[0] % groups == 0,
            convolution.shape[1] * groups == bn.channels
        else {
            throw CheckpointError(
                .tensor(index.source(convolution.weight)),
                "its shape is \(convolution.shape), as a transposed convolution [C_in, C_out/groups, "
                    + "*kernel], and its batch norm has \(bn.channels) channels, which \(groups) "
                    + "groups do not make of it; see transposed and groups")
        }
        return groups
    }

    private func checkOrder(_ pair: PlainPair, _ verdicts: Verdicts) throws {
        guard let convolution = index.convolution(pair.convolution),
            let bn = try index.batchNorm(pair.batchNorm)
        else { return }
        let evidence = PairEvidence(convolution, bn)
        let isTold = options.transposed != nil
        if options.transposed?.contains(where: { $0.matches(pair.convolution) }) ?? false { return }
        if verdicts.isInFront(pair.style) {
            throw UnfitBlock(
                modules: [],
                reason: "batch norms named like \(shown(pair.batchNorm)) have as many channels as "
                    + "the convolutions named like \(shown(pair.convolution)) take, not as they give: "
                    + "they run in front of them (pre-activation), with an activation between",
                hint: "tell the pairs that do run one after the other by pairs")
        }
        if evidence.showsInFront, evidence.fitsTransposed {
            throw UnfitBlock(
                modules: [],
                reason: "\(shown(pair.batchNorm)) has \(bn.channels) channels, which the weight "
                    + "\(convolution.shape) gives as a transposed convolution only",
                hint: "transposed=[\"\(shown(pair.convolution))\"], if it is one")
        }
        if !isTold, evidence.fitsBehind, evidence.fitsTransposed,
            verdicts.hasTransposed || Self.looksTransposed(convolution)
        {
            throw UnfitBlock(
                modules: [],
                reason:
                    "\(shown(pair.convolution)) may be a transposed convolution, whose weight of shape "
                    + "\(convolution.shape) looks the same and is scaled otherwise",
                hint: "list the transposed ones in transposed; [] if there are none")
        }
        if evidence.fitsBehind, !verdicts.isDecided(pair.style),
            !options.families.contains(.convBN)
        {
            throw UnfitBlock(
                modules: [],
                reason:
                    "no shape tells whether \(shown(pair.batchNorm)) runs behind or in front of "
                    + "\(shown(pair.convolution)): all pairs named like it take as many channels as "
                    + "they give",
                hint: "family=conv_bn, if each runs behind its convolution, or pairs")
        }
    }

    /// A kernel of even sizes, which padding cannot centre, or a name that says so.
    private static func looksTransposed(_ convolution: FoundConvolution) -> Bool {
        let name = convolution.module.lowercased()
        if ["transpos", "deconv", "upconv", "up_conv", "upsampl", "tconv"].contains(
            where: name.contains)
        {
            return true
        }
        if name.split(separator: ".").contains(where: {
            $0 == "up" || $0.hasPrefix("up_") || $0.hasPrefix("ups")
        }) {
            return true
        }
        return !convolution.kernel.isEmpty && convolution.kernel.allSatisfy { $0.isMultiple(of: 2) }
    }
}

/// What all pairs of one checkpoint show together.
struct Verdicts {
    private var behind: Set<PlainPair.Style> = []
    private var inFront: Set<PlainPair.Style> = []
    /// Whether a layer can only be a transposed convolution.
    private(set) var hasTransposed = false

    init(_ pairs: [PlainPair], _ index: ModuleIndex) throws(CheckpointError) {
        for pair in pairs {
            guard let convolution = index.convolution(pair.convolution),
                let bn = try index.batchNorm(pair.batchNorm)
            else { continue }
            let evidence = PairEvidence(convolution, bn)
            if evidence.showsBehind { behind.insert(pair.style) }
            guard evidence.showsInFront else { continue }
            switch pair.style {
            case .alike: inFront.insert(pair.style)
            case .sequential, .ordered, .told: hasTransposed = true
            }
        }
    }

    func isInFront(_ style: PlainPair.Style) -> Bool { inFront.contains(style) }

    /// Whether the order is known: from the names, or from a pair with the same kind of name.
    func isDecided(_ style: PlainPair.Style) -> Bool {
        if case .alike = style { return behind.contains(style) }
        return true
    }
}
