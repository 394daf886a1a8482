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
            guard try index.batchNorm(convolution) == nil else {
                throw CheckpointError(
                    .option("pairs"),
                    "\(shown(convolution)) is a batch norm; a pair names the convolution first, then the "
                        + "batch norm behind it")
            }
            guard !isClaimed(convolution), !isClaimed(batchNorm) else {
                throw CheckpointError(
                    .option("pairs"),
                    "\(shown(convolution)) or \(shown(batchNorm)) is in two pairs; what two layers "
                        + "share cannot be fused into one of them")
            }
            let pair = PlainPair(convolution: convolution, batchNorm: batchNorm, style: .told)
            do {
                try checkDirection(pair, hasTransposed: false)
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
        let verdicts = try Verdicts(pairs, index, isTransposed: options.isTransposed)
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
        let isTransposed = options.isTransposed(pair.convolution)
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
                    + "*kernel], with groups \(groups) gives \(convolution.shape.count > 2 ? convolution.shape[1] * groups : 0) "
                    + "channels, and its batch norm has \(bn.channels); correct groups, or leave it out of "
                    + "transposed")
        }
        return groups
    }

    private func checkOrder(_ pair: PlainPair, _ verdicts: Verdicts) throws {
        guard let convolution = index.convolution(pair.convolution),
            let bn = try index.batchNorm(pair.batchNorm)
        else { return }
        if options.isTransposed(pair.convolution) { return }
        let evidence = PairEvidence(convolution, bn)
        // Fits neither way, and others in its place do: no network has such layers.
        if !evidence.fitsInFront, verdicts.fitsElsewhere(pair) {
            try check(bn, has: evidence.outputs, of: convolution.module)
        }
        if !evidence.fitsInFront, !evidence.fitsBehind {
            throw UnfitBlock(
                modules: [],
                reason: "\(shown(pair.batchNorm)) has \(bn.channels) channels, and "
                    + "\(shown(pair.convolution)) gives \(evidence.outputs), so that it stands behind "
                    + "something else",
                hint: "tell by pairs what it stands behind")
        }
        let isVouchedFor = options.families.contains(.convBN)
        switch verdicts.order(of: pair) {
        case .behind: break
        case .undecided: if !isVouchedFor { throw undecided(pair) }
        case .aroundOthers: if !isVouchedFor { throw aroundOthers(pair) }
        case .inFront: throw inFront(pair)
        }
        try checkDirection(pair, hasTransposed: verdicts.hasTransposed)
    }

    private func inFront(_ pair: PlainPair) -> UnfitBlock {
        UnfitBlock(
            modules: [],
            reason: "batch norms named like \(shown(pair.batchNorm)) have as many channels as the "
                + "convolutions named like \(shown(pair.convolution)) take, not as they give: they run "
                + "in front of them (pre-activation), or these are transposed",
            hint:
                "tell the pairs that do run one after the other by pairs, or list transposed ones in "
                + "transposed")
    }

    private func aroundOthers(_ pair: PlainPair) -> UnfitBlock {
        UnfitBlock(
            modules: [],
            reason: "of the pairs below that are named like \(shown(pair.convolution)) and "
                + "\(shown(pair.batchNorm)) some run the other way round, or do not show how they run; "
                + "then this batch norm may be the network's last one",
            hint: "family=conv_bn, if each runs behind its convolution, or pairs")
    }

    private func undecided(_ pair: PlainPair) -> UnfitBlock {
        UnfitBlock(
            modules: [],
            reason: "no shape tells whether \(shown(pair.batchNorm)) runs behind or in front of "
                + "\(shown(pair.convolution)), nor of the pairs that are named like them in modules like "
                + "theirs",
            hint: "family=conv_bn, if each runs behind its convolution, or pairs")
    }

    /// Whether it is a forward convolution, unless the caller has said which are not.
    private func checkDirection(_ pair: PlainPair, hasTransposed: Bool) throws {
        guard !options.isTransposed(pair.convolution),
            let convolution = index.convolution(pair.convolution),
            let bn = try index.batchNorm(pair.batchNorm)
        else { return }
        let evidence = PairEvidence(convolution, bn)
        guard !convolution.isLinear, evidence.fitsInFront else { return }
        guard evidence.fitsBehind else {
            throw UnfitBlock(
                modules: [],
                reason: "\(shown(bn.module)) has \(bn.channels) channels, which the weight "
                    + "\(convolution.shape) gives as a transposed convolution only",
                hint: "transposed=[\"\(shown(convolution.module))\"], if it is one")
        }
        if options.transposed == nil,
            hasTransposed || Self.looksTransposed(convolution)
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
        let words = [
            "transpos", "deconv", "convt", "conv_t", "tconv", "upsampl", "upscale", "unpool",
        ]
        if words.contains(where: name.contains) { return true }
        // "up", "up1", "up_conv", "upconv", but not "update".
        let isUp = name.split(separator: ".").contains { part in
            guard part.hasPrefix("up") else { return false }
            let rest = part.dropFirst(2)
            return rest.isEmpty || rest.hasPrefix("_") || rest.hasPrefix("s") || rest.hasPrefix("c")
                || ModuleName.isDigit(rest.utf8.first!)
        }
        if isUp { return true }
        return !convolution.kernel.isEmpty && convolution.kernel.allSatisfy { $0.isMultiple(of: 2) }
    }
}
