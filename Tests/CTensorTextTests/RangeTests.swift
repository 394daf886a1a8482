// SPDX-License-Identifier: Apache-2.0

import CTensorText
import TestSupport
import Testing

/// The ranges of an array, one behind the other, are its text.
@Suite struct RangeTests {
    static let shapes: [[Int]] = [
        [], [1], [2], [7], [64], [65], [200], [1, 1], [5, 1], [1, 5], [13, 17], [3, 64], [64, 3],
        [2, 3, 5], [7, 1, 9], [4, 1, 1, 3], [2, 2, 2, 2, 2], [3, 2, 1, 2, 1, 4],
        [2, 1, 2, 1, 2, 1, 2, 3], [1, 1, 1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2, 2, 2],
        [0], [2, 0], [0, 3], [2, 3, 0], [2, 2, 0, 5], [1, 1, 1, 1, 1, 1, 1, 0],
    ]

    @Test(arguments: implementationNames, shapes)
    func rangesAreTheText(_ name: String, _ shape: [Int]) throws {
        let implementation = try implementation(name)
        try expectRanges(of: Float.self, shape, implementation)
        try expectRanges(of: Double.self, shape, implementation)
        try expectRanges(of: Half16.self, shape, implementation)
        try expectRanges(of: BrainHalf.self, shape, implementation)
    }

    func expectRanges<Scalar: TextNumber>(
        of type: Scalar.Type, _ shape: [Int], _ implementation: TensorTextImplementation
    ) throws {
        let seed: UInt64 = 11
        var random = SeededGenerator(seed: seed)
        let count = shape.reduce(1, *)
        let numbers = (0..<count).map { _ in
            Scalar(rawBits: Scalar.RawBits(truncatingIfNeeded: random.next()))
        }
        let whole = print(numbers, shape: shape, implementation)
        for ranges in 1...6 {
            let cuts = (1..<ranges).map { _ in Int.random(in: 0...count, using: &random) }
            let borders = [0] + cuts.sorted().filter { $0 > 0 && $0 < count } + [count]
            let parts = zip(borders, borders.dropFirst()).map {
                printRange($0..<$1, of: numbers, shape, implementation)
            }
            #expect(Array(parts.joined()) == whole, "\(type), seed \(seed), borders \(borders)")
        }
    }

    /// Prints into exactly the range's byte bound.
    func printRange<Scalar: TextNumber>(
        _ range: Range<Int>, of numbers: [Scalar], _ shape: [Int],
        _ implementation: TensorTextImplementation
    ) -> [UInt8] {
        let bound = tensor_text_range_byte_bound(
            Scalar.textFormat, Int32(shape.count), shape, range.lowerBound, range.upperBound)
        #expect(bound >= 0 && bound <= Scalar.byteBound(shape))
        let poison: [UInt8] = Array(repeating: 0xAB, count: 64)
        var out = [UInt8](repeating: 0, count: bound) + poison
        let length = out.withUnsafeMutableBytes {
            implementation.printRange(
                Scalar.textFormat, $0.assumingMemoryBound(to: CChar.self).baseAddress!, numbers,
                Int32(shape.count), shape, range.lowerBound, range.upperBound)
        }
        #expect(length <= bound && Array(out.suffix(64)) == poison, "\(range) of \(shape)")
        return Array(out.prefix(length))
    }

    /// Short ranges of the longest numbers at every place of deeply nested lists fit their bound.
    @Test(arguments: implementationNames)
    func longestRangesFitTheBound(_ name: String) throws {
        let implementation = try implementation(name)
        let shape = [3, 1, 2, 1, 2, 1, 2, 1]
        let numbers = [Float](repeating: -1.2345678e-5, count: 24)
        for begin in 0..<24 {
            for end in begin + 1...24 {
                _ = printRange(begin..<end, of: numbers, shape, implementation)
            }
        }
    }

    @Test func refusesImpossibleRanges() {
        func bound(_ shape: [Int], _ begin: Int, _ end: Int) -> Int {
            tensor_text_range_byte_bound(.float32, Int32(shape.count), shape, begin, end)
        }
        #expect(bound([5], -1, 3) == -1 && bound([5], 3, 2) == -1 && bound([5], 0, 6) == -1)
        #expect(bound([5], 2, 2) > 0 && bound([0], 0, 0) > 0 && bound([0], 0, 1) == -1)
        for shape in [[-1], [1 << 40, 1 << 40], [.max], [Int](repeating: 1, count: 9), [.max, 0]] {
            #expect(bound(shape, 0, 0) == -1)
        }
        // Near the greatest bound there is.
        #expect(bound([1 << 58, 1], 0, 1 << 58) == Float.byteBound([1 << 58, 1]))
    }
}
