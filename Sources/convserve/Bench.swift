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
    @Option(help: "Seconds for each layer.")
    var seconds = 1.0
    @Flag(help: "One JSON object a line, with name, algorithm, ms, min_ms, gflops, peak, of_peak.")
    var json = false
    @Flag(help: "Weights are packed once, outside of the time.")
    var prepared = false
    @Option(help: "Cores to use.")
    var threads = ProcessorCount.available
    @Option(help: "Only layers whose name contains this.")
    var only: String?

    func validate() throws {
        guard seconds > 0 else {
            throw ValidationError("--seconds is \(seconds), but has to be positive")
        }
        guard threads > 0 else {
            throw ValidationError("--threads is \(threads), but has to be positive")
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
            print(BenchResult.heading)
        }
        for layer in chosen {
            let result = try BenchRun(
                layer: layer, seconds: seconds, threads: threads, prepared: prepared
            ).measure()
            print(json ? result.json : result.line)
            flushStandardOutput()
        }
    }
}
