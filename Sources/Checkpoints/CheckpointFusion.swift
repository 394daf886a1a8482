// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Reparameterization
import TensorFiles

/// A whole checkpoint to its deploy form, block by block.
///
///     let source = try FileSource(path: "trained.safetensors")
///     var fusion = try CheckpointFusion(source, options, fusedBy: "convserve 0.1.0")
///     try fusion.write(to: FileReplacement(path: "deploy.safetensors"))
///     fusion.report.json
///
/// What becomes of each tensor is decided by names and shapes (``CheckpointPlan``) before any number is read. Then the
/// tensors are written in one order, the larger elements first (as `safetensors` itself does, so that all are aligned); each
/// block is read, fused and forgotten, and the others are copied in pieces.
///
/// *Memory*: the header, and at a time one block: its tensors, these in float64 once more, and the sum.
public struct CheckpointFusion {
    private let source: any CheckpointSource
    private let options: CheckpointOptions
    private let plan: CheckpointPlan
    private let metadata: [(name: String, value: String)]
    private let outputs: [Output]
    /// Of the header of the file that is written, warnings included.
    private var headerByteCount = 0
    /// What is done, and with ``write(_:)`` what was noticed.
    public private(set) var report: FusionReport

    /// What stands in the file that is written.
    private enum Output {
        case kept(Int)
        /// Weight and bias, one behind the other.
        case block(Int)
    }

    /// Reads the header and decides; hashes the source.
    public init(
        _ source: some CheckpointSource, _ options: CheckpointOptions, fusedBy: String
    ) throws(CheckpointError) {
        let layout = try source.layout()
        self.source = source
        self.options = options
        metadata = layout.metadata
        plan = try CheckpointPlan(layout.entries, options)
        outputs = Self.ordered(plan)
        report = FusionReport(
            plan, options, fusedBy: fusedBy, sourceSHA256: try source.sha256())
        headerByteCount = longestHeader
        guard headerByteCount <= Safetensors.headerLimit else {
            throw CheckpointError(
                .checkpoint,
                "names and report take more than \(Safetensors.headerLimit) bytes, the most that a "
                    + "safetensors header may have; leave out what is no layer")
        }
    }

    private static func ordered(_ plan: CheckpointPlan) -> [Output] {
        var outputs: [(bits: Int, place: Int, output: Output)] = []
        for entry in plan.kept {
            let tensor = plan.index.entries[entry]
            outputs.append((tensor.type.bitCount, tensor.bytes.lowerBound, .kept(entry)))
        }
        for (number, block) in plan.blocks.enumerated() {
            let place = plan.index.entries[block.first.weight].bytes.lowerBound
            outputs.append((8 * block.first.dtype.byteCount, place, .block(number)))
        }
        return outputs.sorted { ($1.bits, $0.place) < ($0.bits, $1.place) }.map(\.output)
    }
}

extension CheckpointFusion {
    /// The header of the file that is written, with the report as far as it is known.
    private func header(atLeast byteCount: Int = 0) -> [UInt8] {
        let index = plan.index
        let tensors: [(name: String, type: SafetensorsType, shape: [Int])] = outputs.flatMap {
            output -> [(name: String, type: SafetensorsType, shape: [Int])] in
            switch output {
            case .kept(let entry):
                return [(index.names[entry], index.entries[entry].type, index.shape(entry))]
            case .block(let number):
                let block = plan.blocks[number]
                let type = SafetensorsType(block.first.dtype)
                return zip(block.made, [block.weightShape, [block.outputChannels]]).map {
                    ($0, type, $1)
                }
            }
        }
        let own = [
            (name: "fused_by", value: report.fusedBy),
            (name: "source_sha256", value: report.sourceSHA256),
            (name: "fusion_report", value: report.json),
        ]
        let others = metadata.filter { member in !own.contains { $0.name == member.name } }
        return Safetensors.header(tensors, metadata: others + own, atLeast: byteCount)
    }

    private var longestHeader: Int {
        var full = self
        let longest = String(repeating: "x", count: RangeWarning.mostCharacters)
        for number in full.report.fused.indices {
            full.report.fused[number].warnings = Array(
                repeating: longest, count: RangeWarning.mostCount)
        }
        return full.header().count
    }

    /// The bytes of the file that ``write(_:)`` makes, all of them or a few more.
    public var byteCount: Int {
        headerByteCount
            + outputs.reduce(0) { sum, output in
                switch output {
                case .kept(let entry): sum + plan.index.entries[entry].bytes.count
                case .block(let number): sum + plan.blocks[number].byteCount
                }
            }
    }

    /// Fuses, and hands the file's data over piece by piece, in order; ``report`` is complete then, and so is the header.
    private mutating func run(
        _ write: (UnsafeRawBufferPointer) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        for output in outputs {
            switch output {
            case .kept(let entry):
                try source.copy(plan.index.entries[entry].bytes, write)
            case .block(let number):
                let fused = try fuse(plan.blocks[number])
                report.fused[number].warnings = fused.warnings
                for tensor in [fused.weight, fused.bias] {
                    let bytes = UnsafeRawBufferPointer(
                        start: tensor.storage.bytes, count: tensor.count * tensor.dtype.byteCount)
                    try write(bytes)
                    withExtendedLifetime(tensor) {}
                }
            }
        }
    }

    private func fuse(_ block: BlockPlan) throws(CheckpointError) -> FusedBlock {
        let source = self.source, index = plan.index
        let arithmetic = BlockArithmetic(block: block, index: index, options: options) {
            entry throws(CheckpointError) in
            try source.tensor(index.entries[entry])
        }
        return try arithmetic.fused()
    }

    /// Whether all that looks as if it could be fused is; else the first that is not, as an error.
    public func checkComplete() throws(CheckpointError) {
        guard let first = report.refused.first else { return }
        let more = report.refused.count == 1 ? "" : " (and \(report.refused.count - 1) more)"
        throw CheckpointError(
            .tensor(first.block),
            "it cannot be fused\(more): \(first.reason); \(first.hint); without strict it stays as it is"
        )
    }

    /// Fuses, computing only: ``report`` says all of it then.
    public mutating func check() throws(CheckpointError) {
        for (number, block) in plan.blocks.enumerated() {
            report.fused[number].warnings = try fuse(block).warnings
        }
    }

    /// Fuses into a file, which has its name only once it is whole.
    public mutating func write(to file: FileReplacement) throws(CheckpointError) {
        let place = headerByteCount
        try file.skip(place)
        try run { bytes throws(CheckpointError) in try file.write(bytes) }
        try file.write(header(atLeast: place), at: 0)
        try file.finish()
    }

    /// Fuses into memory.
    ///
    /// - Parameter memory: of at least ``byteCount`` bytes
    /// - Returns: how many of them the file has
    public mutating func write(
        into memory: UnsafeMutableRawBufferPointer
    ) throws(CheckpointError) -> Int {
        let place = headerByteCount
        var end = place
        try run { bytes throws(CheckpointError) in
            UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: bytes)
            end += bytes.count
        }
        header(atLeast: place).withUnsafeBytes { memory.copyMemory(from: $0) }
        return end
    }
}

extension BlockPlan {
    /// Of its weight and bias.
    fileprivate var byteCount: Int {
        (weightShape.reduce(1, *) + outputChannels) * first.dtype.byteCount
    }
}
