// SPDX-License-Identifier: Apache-2.0

import JSONText

/// What became of each tensor of a checkpoint: every one is named once, in `fused`, `refused`, `kept` or `dropped`.
public struct FusionReport: Sendable {
    /// Layers that became one convolution.
    public struct Fused: Sendable {
        /// The module that they are.
        public let block: String
        /// By whose names they were found.
        public let family: Family
        /// The tensors of the source, and those that they became.
        public let from, to: [String]
        /// `[C_out, C_in/groups, *kernel]`, transposed `[C_in, C_out/groups, *kernel]`
        public let weightShape: [Int]
        let dtype: String
        /// What was added to the variances.
        public let eps: [(batchNorm: String, value: Double)]
        let isTransposed: Bool
        /// What narrower types would suffer from; empty until the block was fused.
        public var warnings: [String] = []
    }

    /// Layers that belong together but stay as they are.
    public struct Refused: Sendable {
        /// The module that they are.
        public let block: String
        /// Of the source.
        public let tensors: [String]
        /// Why, and what would resolve it.
        public let reason, hint: String
    }

    /// The program and its release.
    public let fusedBy: String
    /// Of the source, in hexadecimal digits.
    public let sourceSHA256: String
    /// What was done.
    public internal(set) var fused: [Fused]
    /// What was not, though it looks as if it could.
    public let refused: [Refused]
    /// Tensors passed on as they are.
    public let kept: [String]
    /// Counters of training, left out.
    public let dropped: [String]
    let notes: [String]
    let parametersBefore, parametersAfter: Int

    /// Those of whose blocks there are some.
    public var families: [Family] {
        Family.allCases.filter { f in fused.contains { $0.family == f } }
    }

    init(
        _ plan: CheckpointPlan, _ options: CheckpointOptions, fusedBy: String, sourceSHA256: String
    ) {
        let index = plan.index
        self.fusedBy = fusedBy
        self.sourceSHA256 = sourceSHA256
        fused = plan.blocks.map { block in
            Fused(
                block: block.name, family: block.family, from: block.tensors.map(index.source),
                to: block.made,
                weightShape: block.weightShape, dtype: block.first.dtype.rawValue,
                eps: block.batchNorms.map { ($0.module, options.eps(of: $0, in: block)) },
                isTransposed: block.isTransposed)
        }
        refused = plan.refusals.map { refusal in
            Refused(
                block: refusal.block, tensors: refusal.tensors.map(index.source),
                reason: refusal.reason, hint: refusal.hint)
        }
        let refusedTensors = Set(plan.refusals.flatMap(\.tensors))
        kept = plan.kept.filter { !refusedTensors.contains($0) }.map(index.source)
        dropped = plan.dropped.map(index.source)
        notes = plan.notes
        func count(_ tensors: [Int]) -> Int {
            tensors.reduce(0) { $0 + index.shape($1).reduce(1, *) }
        }
        parametersBefore = count(Array(index.entries.indices))
        parametersAfter = plan.blocks.reduce(count(plan.kept)) {
            $0 + $1.weightShape.reduce(1, *) + $1.outputChannels
        }
    }
}

extension FusionReport {
    /// The report as one JSON object.
    public var json: String {
        var text = JSONObjectText()
        text.add("fused_by", fusedBy)
        text.add("source_sha256", sourceSHA256)
        text.add("families", families.map(\.rawValue))
        text.add("fused", fused.map(\.json))
        text.add("refused", refused.map(\.json))
        text.add("kept", kept)
        text.add("dropped", dropped)
        text.add("notes", notes)
        text.add("parameters_before", parametersBefore)
        text.add("parameters_after", parametersAfter)
        return text.text
    }
}

extension FusionReport.Fused {
    fileprivate var json: JSONObjectText {
        var text = JSONObjectText()
        text.add("block", block)
        text.add("family", family.rawValue)
        text.add("from", from)
        text.add("to", to)
        text.add("weight_shape", weightShape)
        text.add("dtype", dtype)
        if isTransposed { text.add("transposed", true) }
        if let first = eps.first, eps.allSatisfy({ $0.value == first.value }) {
            text.add("eps", first.value)
        } else {
            var each = JSONObjectText()
            for (batchNorm, value) in eps { each.add(batchNorm, value) }
            text.add("eps", each)
        }
        text.add("warnings", warnings)
        return text
    }
}

extension FusionReport.Refused {
    fileprivate var json: JSONObjectText {
        var text = JSONObjectText()
        text.add("block", block)
        text.add("tensors", tensors)
        text.add("reason", reason)
        text.add("hint", hint)
        return text
    }
}
