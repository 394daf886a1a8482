// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ConvolutionEngine
import Foundation

/// `convserve bench`: times the engine on the layers of a file.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time the engine on the layers of a file, on random data.",
        discussion: """
            The file is a JSON array of objects with name, op (conv1d ... conv_transpose3d), input \
            and weight (shapes) and, where they are not the defaults, stride, padding, dilation, \
            groups, output_padding and dtype. Without --prepared the time includes what is done to \
            the weights. The peak is that of multiply-adds on registers, on as many cores, measured \
            right before and after each layer.
            """)

    @Option(help: "JSON file of layers.")
    var layers: String
    @Option(help: "Seconds for each layer and algorithm; at least three calls.")
    var seconds = 1.0
    @Flag(help: "One JSON object a line: name, algorithm, ms, min_ms, gflops, peak, of_peak.")
    var json = false
    @Flag(help: "Weights are packed once, outside of the time.")
    var prepared = false
    @Option(help: "Cores to use.")
    var threads = ProcessorCount.available
    @Option(help: "Only layers whose name contains this.")
    var only: String?
    @Option(
        help: "This algorithm instead of the one that is chosen; layers it cannot do are left out.")
    var algorithm: Algorithm?
    @Flag(help: "Every algorithm that can do a layer, in turns; JSON has chosen: true or false.")
    var allAlgorithms = false
    @Flag(
        help: """
            Errors against float64 on a sample of the output, relative to its root mean square: \
            max_error, rms_error.
            """)
    var check = false
    @Flag(
        help: """
            The first call of a layer beside the next nine, each with planning and packing: \
            first_ms, next_ms, ratio.
            """)
    var firstCalls = false
    @Option(help: "The gradient of the input or the weight in place of the output.")
    var gradient: GradientContestant.Operand?

    func validate() throws {
        guard seconds > 0 else {
            throw ValidationError("--seconds is \(seconds), but has to be positive")
        }
        guard threads > 0 else {
            throw ValidationError("--threads is \(threads), but has to be positive")
        }
        if allAlgorithms && algorithm != nil {
            throw ValidationError("--algorithm and --all-algorithms exclude each other")
        }
        if firstCalls && (prepared || check || allAlgorithms) {
            throw ValidationError(
                "--first-calls plans and packs in each call; leave out --prepared, --check and "
                    + "--all-algorithms")
        }
        if gradient != nil && (prepared || firstCalls || allAlgorithms || algorithm != nil) {
            throw ValidationError(
                "--gradient has weights as they come and the algorithm that is chosen; leave out "
                    + "--prepared, --algorithm, --all-algorithms and --first-calls")
        }
    }

    func run() throws {
        let chosen = try BenchLayer.read(path: layers).filter { layer in
            only.map { layer.name.contains($0) } ?? true
        }
        if !json {
            print(
                "# \(InstructionSet.current.rawValue), \(threads) threads, weights "
                    + (prepared ? "prepared" : "as they come"))
            print(firstCalls ? FirstCalls.heading : BenchResult.heading(check: check))
        }
        for layer in chosen {
            for line in try lines(layer) { print(line) }
            flushStandardOutput()
        }
    }

    private func lines(_ layer: BenchLayer) throws -> [String] {
        let data = try BenchData(layer)
        let algorithms = try algorithms(data)
        if firstCalls {
            return algorithms.map { FirstCalls(data, $0, threads: threads) }
                .map { json ? $0.json : $0.line }
        }
        let contestants: [any BenchContestant] =
            if let gradient {
                [GradientContestant(data, gradient, threads: threads)]
            } else {
                algorithms.map { PlanContestant(data, $0, threads: threads, prepared: prepared) }
            }
        return BenchRun(data: data, contestants: contestants, seconds: seconds, threads: threads)
            .measure(check: check, tellsChoice: allAlgorithms)
            .map { json ? $0.json : $0.line }
    }

    /// Those to time; nil stands for the one that is chosen.
    private func algorithms(_ data: BenchData) throws -> [Algorithm?] {
        if allAlgorithms { return Algorithm.able(for: data.geometry) }
        guard let algorithm, let obstacle = algorithm.obstacle(to: data.geometry) else {
            return [algorithm]
        }
        Convserve.complain("layer \(data.layer.name) is left out: \(algorithm.name) \(obstacle)")
        return []
    }
}

extension Algorithm: ExpressibleByArgument {}
