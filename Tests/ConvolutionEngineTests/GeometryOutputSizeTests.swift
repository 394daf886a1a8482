// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import Foundation
import Testing

@Suite("Geometry: output sizes")
struct GeometryOutputSizeTests {
    /// PyTorch's answers; Fixtures/output_sizes.py made them and tells their order.
    struct Fixture: Decodable {
        struct Sweep: Decodable {
            let ranges: [ClosedRange<Int>]
            let sizes: [Int]
        }
        let forward: Sweep
        let transposed: Sweep
        let same: [Int]
    }

    static let fixture = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = folder.appendingPathComponent("../Fixtures/output_sizes.json")
        return try! JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
    }()

    /// All tuples with one value of each range, the last running fastest.
    static func tuples(_ ranges: [ClosedRange<Int>]) -> [[Int]] {
        ranges.reduce([[]]) { tuples, range in
            tuples.flatMap { tuple in range.map { tuple + [$0] } }
        }
    }

    static func request(_ direction: ConvolutionGeometry.Direction, _ p: [Int]) -> GeometryCase {
        .single(
            direction, input: p[0], kernel: p[1], stride: p[2], dilation: p[3], padding: p[4],
            outputPadding: p.count > 5 ? p[5] : 0)
    }

    @Test func forwardAsPyTorch() {
        let sweep = Self.fixture.forward
        let tuples = Self.tuples(sweep.ranges)
        #expect(tuples.count == sweep.sizes.count && tuples.count == 1152)
        for (tuple, size) in zip(tuples, sweep.sizes) {
            #expect(
                Self.request(.forward, tuple).outputSizes == (size < 0 ? nil : [size]), "\(tuple)")
        }
    }

    @Test func transposedAsPyTorch() {
        let sweep = Self.fixture.transposed
        let tuples = Self.tuples(sweep.ranges)
        #expect(tuples.count == sweep.sizes.count && tuples.count == 2160)
        for (tuple, size) in zip(tuples, sweep.sizes) {
            #expect(
                Self.request(.transposed, tuple).outputSizes == (size < 0 ? nil : [size]),
                "\(tuple)")
        }
    }

    @Test func sameAsPyTorch() {
        let tuples = Self.tuples([1...8, 1...4, 1...3])
        #expect(tuples.count == Self.fixture.same.count)
        for (tuple, size) in zip(tuples, Self.fixture.same) {
            var request = Self.request(.forward, [tuple[0], tuple[1], 1, tuple[2], 0])
            request.options.padding = .same
            #expect(request.outputSizes == [size], "\(tuple)")
        }
    }

    /// Counts the places where all taps lie on the padded input.
    @Test func forwardAsCounted() {
        for tuple in Self.tuples([1...6, 1...4, 1...4, 1...3, 0...2, 0...3]) {
            let (before, after) = (tuple[4], tuple[5])
            let places = (0..<20).filter { place in
                (0..<tuple[1]).allSatisfy {
                    place * tuple[2] + $0 * tuple[3] < tuple[0] + before + after
                }
            }
            var request = Self.request(.forward, Array(tuple.prefix(4)) + [0])
            request.options.padding = .pairs([[before, after]])
            #expect(request.outputSizes == (places.isEmpty ? nil : [places.count]), "\(tuple)")
        }
    }

    /// Counts up to the last element that any input element reaches, then cuts the padding off.
    @Test func transposedAsCounted() {
        for tuple in Self.tuples([1...5, 1...4, 1...4, 1...3, 0...2, 0...3]) {
            let (before, after) = (tuple[4], tuple[5])
            let reached = (0..<tuple[0]).flatMap { element in
                (0..<tuple[1]).map { element * tuple[2] + $0 * tuple[3] }
            }
            let size = reached.max()! + 1 - before - after
            var request = Self.request(.transposed, Array(tuple.prefix(4)) + [0])
            request.options.padding = .pairs([[before, after]])
            #expect(request.outputSizes == (size < 1 ? nil : [size]), "\(tuple)")
        }
    }

    /// What a forward convolution shrinks, the transposed one restores with some output padding.
    @Test func transposedInvertsForward() {
        for tuple in Self.tuples([1...9, 1...3, 1...4, 1...3, 0...2]) {
            guard let forward = Self.request(.forward, tuple).outputSizes else { continue }
            let restored = (0..<tuple[2]).filter { outputPadding in
                let back = [forward[0]] + tuple.dropFirst() + [outputPadding]
                return Self.request(.transposed, back).outputSizes == [tuple[0]]
            }
            #expect(restored.count == 1, "\(tuple)")
        }
    }
}
