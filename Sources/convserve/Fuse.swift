// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Checkpoints
import ConvolutionService

/// `convserve fuse`: a checkpoint on a disk to its deploy form.
struct Fuse: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fuse a safetensors checkpoint into its deploy form.",
        discussion: """
            Finds the blocks of RepVGG, MobileOne, ACNet, Diverse Branch Blocks and RepLKNet, and plain \
            pairs of convolution and batch norm, by their names; each becomes one convolution, exactly, or \
            stays as it is and is listed as refused. A PATTERN is the name of a module, in which * stands \
            for any characters and ? for one. The output has its name only once it is whole.
            """)

    @Argument(help: "The checkpoint as it was trained: a safetensors file.")
    var input: String
    @Argument(help: "The deploy checkpoint; replaced if it is there.")
    var output: String
    @Option(help: ArgumentHelp("Write what was done as JSON.", valueName: "file"))
    var report: String?
    @Option(
        help: ArgumentHelp(
            "A family to look for, again for more; all unless told: \(Self.families).",
            valueName: "name"))
    var family: [FamilyName] = []
    @Option(help: "What batch norms add to the variance; no checkpoint has it. 1e-5 unless told.")
    var eps: Double?
    @Option(help: ArgumentHelp("eps of some batch norms.", valueName: "pattern=number"))
    var epsFor: [Assignment<Double>] = []
    @Option(
        help: ArgumentHelp("Groups of transposed convolutions.", valueName: "pattern=number"))
    var groups: [Assignment<Int>] = []
    @Option(
        help: ArgumentHelp(
            "Transposed convolutions, whose weights look like others.", valueName: "pattern"))
    var transposed: [String] = []
    @Flag(help: "No convolution is transposed, whatever it is called.")
    var noneTransposed = false
    @Option(
        help: ArgumentHelp(
            "A convolution and the batch norm behind it, for names that do not tell.",
            valueName: "conv=bn"))
    var pair: [Assignment<String>] = []
    @Option(help: ArgumentHelp("Layers and blocks that stay as they are.", valueName: "pattern"))
    var exclude: [String] = []
    @Option(help: ArgumentHelp("Taken off the beginning of names.", valueName: "prefix"))
    var stripPrefix = "module."
    @Flag(help: "A block that cannot be fused is an error, and nothing is written but the report.")
    var strict = false

    private static let families = Family.allCases.map(\.rawValue).joined(separator: ", ")

    func run() throws {
        do throws(CheckpointError) {
            let source = try FileSource(path: input)
            var fusion = try CheckpointFusion(
                source, options, fusedBy: "convserve \(ConvolutionService.version)")
            let report = try self.report.map { path throws(CheckpointError) in
                try FileReplacement(path: path)
            }
            let file = try FileReplacement(path: output)
            if report?.isSame(as: file) ?? false {
                throw .sameFile(output)
            }
            if strict, !fusion.report.refused.isEmpty {
                try report?.finish(with: fusion.report.json + "\n")
                try fusion.checkComplete()
            }
            try fusion.write(to: file)
            try report?.finish(with: fusion.report.json + "\n")
            tell(fusion.report)
        } catch {
            throw CheckFailure(description: error.message)
        }
    }

    private var options: CheckpointOptions {
        var options = CheckpointOptions()
        options.families = Set(family.map(\.family))
        options.eps =
            (eps.map { [(NamePattern("*"), $0)] } ?? [])
            + epsFor.map { (NamePattern($0.name), $0.value) }
        options.groups = groups.map { (NamePattern($0.name), $0.value) }
        if noneTransposed || !transposed.isEmpty {
            options.transposed = transposed.map { NamePattern($0) }
        }
        options.pairs = pair.map { ($0.name, $0.value) }
        options.exclude = exclude.map { NamePattern($0) }
        options.strippedPrefix = stripPrefix
        return options
    }

    /// One line on standard output, and one on standard error for each block that was not fused or not without a
    /// warning.
    private func tell(_ report: FusionReport) {
        let families = report.families.map(\.rawValue).joined(separator: ", ")
        print(
            "\(output): \(report.fused.count) \(report.fused.count == 1 ? "block" : "blocks") fused (\(families.isEmpty ? "none" : families)), "
                + "\(report.refused.count) refused, \(report.kept.count) tensors kept, "
                + "\(report.dropped.count) dropped")
        for refused in report.refused {
            let block = refused.block.isEmpty ? "the top level" : refused.block
            Convserve.complain("\(block) is not fused: \(refused.reason); \(refused.hint)")
        }
        for fused in report.fused {
            for warning in fused.warnings { Convserve.complain("\(fused.block): \(warning)") }
        }
    }

    func validate() throws {
        for value in [eps].compactMap({ $0 }) + epsFor.map(\.value)
        where !(value >= 0) || !value.isFinite {
            throw ValidationError("eps is \(value); it is a number of at least 0, such as 1e-5")
        }
        for count in groups.map(\.value) where count < 1 {
            throw ValidationError("groups is \(count); there is at least 1")
        }
        if noneTransposed, !transposed.isEmpty {
            throw ValidationError(
                "--none-transposed and --transposed say the opposite; leave one out")
        }
    }
}

/// A family on the command line.
struct FamilyName: ExpressibleByArgument {
    let family: Family

    init?(argument: String) {
        guard let family = Family(rawValue: argument) else { return nil }
        self.family = family
    }

    static var allValueStrings: [String] { Family.allCases.map(\.rawValue) }
}

/// `name=value`
struct Assignment<Value: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
    let name: String
    let value: Value

    init?(argument: String) {
        guard let sign = argument.lastIndex(of: "="), sign > argument.startIndex,
            let value = Value(String(argument[argument.index(after: sign)...]))
        else { return nil }
        (name, self.value) = (String(argument[..<sign]), value)
    }
}
