// SPDX-License-Identifier: Apache-2.0

import CTensorText
import TestSupport
import Testing

@Suite struct PrintTests {
    @Test(arguments: implementationNames)
    func format(_ name: String) throws {
        let implementation = try implementation(name)
        let float32: [(Float, String)] = [
            (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-1.5, "-1.5"), (100, "100.0"), (0.1, "0.1"),
            (0.00001, "0.00001"), (0.000012345678, "0.000012345678"), (9e-6, "9e-6"),
            (1.5e-7, "1.5e-7"),
            (12345678, "12345678.0"), (99999992, "99999990.0"), (1e8, "1e8"),
            (-1.25e10, "-1.25e10"),
            (3.4028235e38, "3.4028235e38"), (.leastNonzeroMagnitude, "1e-45"),
            (0.3333333433, "0.33333334"),
            (123.456, "123.456"), (.nan, "\"NaN\""), (-.nan, "\"NaN\""),
            (.infinity, "\"Infinity\""),
            (-.infinity, "\"-Infinity\""),
        ]
        for (number, expected) in float32 {
            #expect(text([number], shape: [], implementation) == expected)
        }
        let float64: [(Double, String)] = [
            (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-1.5, "-1.5"), (100, "100.0"), (0.1, "0.1"),
            (0.00001, "0.00001"), (9e-6, "9e-6"), (1.5e-7, "1.5e-7"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1234567890123456, "1234567890123456.0"), (1e15, "1000000000000000.0"), (1e16, "1e16"),
            (-1.25e100, "-1.25e100"), (1.7976931348623157e308, "1.7976931348623157e308"),
            (.leastNonzeroMagnitude, "5e-324"), (1.0 / 3, "0.3333333333333333"),
            (123456789.123456789, "123456789.12345679"),
            (-0.000012345678901234568, "-0.000012345678901234568"),
            (9007199254740992, "9007199254740992.0"),
            (.nan, "\"NaN\""), (.infinity, "\"Infinity\""), (-.infinity, "\"-Infinity\""),
        ]
        for (number, expected) in float64 {
            #expect(text([number], shape: [], implementation) == expected)
        }
    }

    @Test(arguments: implementationNames)
    func shapes(_ name: String) throws {
        let implementation = try implementation(name)
        let rows: [([Int], String)] = [
            ([3], "[0.0,1.0,2.0]"),
            ([2, 3], "[[0.0,1.0,2.0],[3.0,4.0,5.0]]"),
            ([3, 1, 2], "[[[0.0,1.0]],[[2.0,3.0]],[[4.0,5.0]]]"),
            ([1, 1, 1, 1, 1, 1, 1, 2], "[[[[[[[[0.0,1.0]]]]]]]]"),
            ([2, 2, 1], "[[[0.0],[1.0]],[[2.0],[3.0]]]"),
            ([0], "[]"), ([2, 0], "[[],[]]"), ([0, 3], "[]"), ([2, 2, 0, 5], "[[[],[]],[[],[]]]"),
        ]
        for (shape, expected) in rows {
            let count = shape.reduce(1, *)
            #expect(text((0..<count).map(Float.init), shape: shape, implementation) == expected)
            #expect(text((0..<count).map(Double.init), shape: shape, implementation) == expected)
        }
    }

    /// Every shape of small lengths reads back as itself, across the blocks' borders.
    @Test(arguments: implementationNames)
    func shapesReadBack(_ name: String) throws {
        let implementation = try implementation(name)
        for shape in [
            [63], [64], [65], [127], [128], [129], [43, 3], [2, 64], [64, 2], [5, 1, 13],
            [3, 4, 5, 6], [130, 1],
        ] {
            let numbers = (0..<shape.reduce(1, *)).map { Float($0) / 7 }
            let outcome = read(
                GuardedText(print(numbers, shape: shape, implementation)), as: Float.self,
                implementation)
            #expect(outcome.shape == shape)
            #expect(outcome.numbers == numbers.map { UInt64($0.bitPattern) })
        }
    }

    /// The longest numbers of either type, in the most brackets, fit in the bound (checked by `print`).
    @Test(arguments: implementationNames)
    func longestTextsFitTheBound(_ name: String) throws {
        let implementation = try implementation(name)
        for shape in [[], [1], [64], [65], [40, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1]] {
            let count = shape.reduce(1, *)
            for number: Float in [-1.2345678e-5, -1.2345678e-30, -.infinity, -16777216] {
                _ = print(Array(repeating: number, count: count), shape: shape, implementation)
            }
            for number in [
                -1.2345678901234567e-5, -1.2345678901234567e-300, -.infinity, -9007199254740992.0,
            ] {
                _ = print(Array(repeating: number, count: count), shape: shape, implementation)
            }
        }
    }

    @Test func refusesImpossibleShapes() {
        for shape in [[-1], [1 << 40, 1 << 40], [.max], [Int](repeating: 1, count: 9), [.max, 0]] {
            #expect(Float.byteBound(shape) == -1)
            #expect(Double.byteBound(shape) == -1)
        }
        #expect(Float.byteBound([0]) > 0)
    }

    /// As short as Swift's description, which is the shortest, and the same digits.
    @Test(arguments: implementationNames)
    func shortest(_ name: String) throws {
        let implementation = try implementation(name)
        let seed: UInt64 = 7
        var random = SeededGenerator(seed: seed)
        let floats = (0..<100_000).map { _ in
            Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        }
        let doubles = (0..<100_000).map { _ in Double(bitPattern: random.next()) }
        expectSameDigits(floats.filter(\.isFinite), implementation, seed: seed)
        expectSameDigits(doubles.filter(\.isFinite), implementation, seed: seed)
        expectSameDigits((0..<20_000).map { Double($0) / 100 }, implementation, seed: seed)
    }

    func expectSameDigits<Scalar: TextScalar & CustomStringConvertible>(
        _ numbers: [Scalar], _ implementation: TensorTextImplementation, seed: UInt64
    ) {
        let texts = text(numbers, shape: [numbers.count], implementation).dropFirst().dropLast()
            .split(separator: ",")
        let wrong = numbers.indices.first {
            significantDigits(texts[$0]) != significantDigits(numbers[$0].description[...])
        }
        #expect(wrong == nil, "seed \(seed): \(wrong.map { (numbers[$0], texts[$0]) } as Any)")
    }

    func significantDigits(_ text: Substring) -> [UInt8] {
        let digits = text.utf8.prefix { $0 != UInt8(ascii: "e") }.filter { $0 >= 0x30 }
            .drop { $0 == 0x30 }
        return Array(digits.reversed().drop { $0 == 0x30 })
    }
}
