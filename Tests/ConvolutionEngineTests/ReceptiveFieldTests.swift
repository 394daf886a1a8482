// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

@Suite("Receptive fields")
struct ReceptiveFieldTests {
    /// kernel, stride, dilation, padding before, padding after
    typealias Layer = (k: Int, s: Int, d: Int, before: Int, after: Int)

    static func geometry(
        _ layer: Layer, _ size: Int, _ direction: ConvolutionGeometry.Direction = .forward
    ) throws -> ConvolutionGeometry {
        var options = ConvolutionOptions()
        options.stride = [layer.s]
        options.dilation = [layer.d]
        options.padding = .pairs([[layer.before, layer.after]])
        return try ConvolutionGeometry(
            direction, spatialRank: 1, input: [1, 1, size], weight: [1, 1, layer.k], bias: nil,
            options: options)
    }

    /// What an output changes with, found by changing one input after another.
    @Test("of random chains, as found by changing the inputs")
    func chains() throws {
        let size = 160
        for seed in UInt64(1)...60 {
            var generator = SeededGenerator(seed: seed)
            func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
            let layers: [Layer] = (0..<pick(1...4)).map { _ in
                (pick(1...4), pick(1...2), pick(1...2), pick(0...3), pick(0...3))
            }
            var field = ReceptiveField(spatialRank: 1)
            // For each element the first and the last input that it sees.
            var seen = (0..<size).map { $0...$0 }
            for layer in layers {
                let geometry = try Self.geometry(layer, seen.count)
                field.pass(geometry)
                seen = (0..<geometry.outputSize.width).map { output in
                    let first = output * layer.s - layer.before
                    let last = first + (layer.k - 1) * layer.d
                    let low = seen[max(0, min(first, seen.count - 1))].lowerBound
                    return low...max(low, seen[max(0, min(last, seen.count - 1))].upperBound)
                }
            }
            let middle = seen.count / 2
            #expect(Double(seen[middle].count) == field.size[0], "seed \(seed) \(layers)")
            let center = Double(seen[middle].lowerBound + seen[middle].upperBound + 1) / 2
            #expect(
                center == field.start[0] + Double(middle) * field.jump[0], "seed \(seed) \(layers)")
        }
    }

    @Test("a transposed layer undoes the jump of a convolution with its stride")
    func transposed() throws {
        let layer: Layer = (4, 2, 1, 1, 1)
        var field = ReceptiveField(spatialRank: 1)
        field.pass(try Self.geometry(layer, 64))
        #expect(field.size == [4] && field.jump == [2] && field.start == [1])
        field.pass(try Self.geometry(layer, 32, .transposed))
        // Each of its outputs sees two of 32 elements, which see 4 elements and are 2 apart.
        #expect(field.size == [6] && field.jump == [1] && field.start == [0.5])
    }
}
