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
        if options.transposed?.contains(where: { $0.matches(pair.convolution) }) ?? false { return }
        let evidence = PairEvidence(convolution, bn)
        // Fits neither way: no order makes a network of it.
        if !evidence.fitsInFront { try check(bn, has: evidence.outputs, of: convolution.module) }
        let isVouchedFor = options.families.contains(.convBN)
        switch verdicts.order(of: pair) {
        case .behind: break
        case .undecided, .aroundOthers: if !isVouchedFor { throw undecided(pair) }
        case .inFront: throw inFront(pair)
        }
        try checkDirection(convolution, bn, evidence, verdicts)
    }

    private func inFront(_ pair: PlainPair) -> UnfitBlock {
        UnfitBlock(
            modules: [],
            reason: "batch norms named like \(shown(pair.batchNorm)) have as many channels as the "
                + "convolutions named like \(shown(pair.convolution)) take, not as they give: they run "
                + "in front of them (pre-activation), with an activation between",
            hint: "tell the pairs that do run one after the other by pairs")
    }

    private func undecided(_ pair: PlainPair) -> UnfitBlock {
        UnfitBlock(
            modules: [],
            reason: "no shape tells whether \(shown(pair.batchNorm)) runs behind or in front of "
                + "\(shown(pair.convolution)), nor of the pairs that are named like them in the same "
                + "places or below",
            hint: "family=conv_bn, if each runs behind its convolution, or pairs")
    }

    /// Whether it is a forward convolution, unless the caller has said which are not.
    private func checkDirection(
        _ convolution: FoundConvolution, _ bn: FoundBatchNorm, _ evidence: PairEvidence,
        _ verdicts: Verdicts
    ) throws {
        guard !convolution.isLinear, evidence.fitsInFront else { return }
        guard evidence.fitsBehind else {
            throw UnfitBlock(
                modules: [],
                reason: "\(shown(bn.module)) has \(bn.channels) channels, which the weight "
                    + "\(convolution.shape) gives as a transposed convolution only",
                hint: "transposed=[\"\(shown(convolution.module))\"], if it is one")
        }
        if options.transposed == nil,
            verdicts.hasTransposed || Self.looksTransposed(convolution)
        {
            throw UnfitBlock(
                modules: [],
                reason:
                    "\(shown(convolution.module)) may be a transposed convolution, whose weight of shape "
                    + "\(convolution.shape) looks the same and is scaled otherwise",
                hint: "list the transposed ones in transposed; [] if there are none")
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
