// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation
import Testing

@Suite struct HalfPrintTests {
    @Test(arguments: implementationNames)
    func format(_ name: String) throws {
        let implementation = try implementation(name)
        let float16: [(UInt16, String)] = [
            (0, "0.0"), (0x8000, "-0.0"), (0x3C00, "1.0"), (0xBE00, "-1.5"), (0x5640, "100.0"),
            (0x2E66, "0.1"), (0x3555, "0.3333"), (0x7BFF, "65500.0"), (0x0001, "6e-8"),
            (0x0400, "0.00006104"), (0x0093, "8.76e-6"), (0x00A8, "0.00001"), (0x3C01, "1.001"),
            (0x7C00, "\"Infinity\""), (0xFC00, "\"-Infinity\""), (0x7E00, "\"NaN\""),
            (0xFC01, "\"NaN\""),
        ]
        for (bits, expected) in float16 {
            #expect(text([Half16(rawBits: bits)], shape: [], implementation) == expected)
        }
        let bfloat16: [(UInt16, String)] = [
            (0, "0.0"), (0x8000, "-0.0"), (0x3F80, "1.0"), (0xBFC0, "-1.5"), (0x42C8, "100.0"),
            (0x3DCD, "0.1"), (0x3EAB, "0.334"), (0x7F7F, "3.39e38"), (0x0001, "9e-41"),
            (0x0080, "1.18e-38"), (0x4CBE, "99600000.0"), (0x4CBF, "1e8"), (0x3728, "0.00001"),
            (0x7F80, "\"Infinity\""), (0xFF80, "\"-Infinity\""), (0x7FC0, "\"NaN\""),
        ]
        for (bits, expected) in bfloat16 {
            #expect(text([BrainHalf(rawBits: bits)], shape: [], implementation) == expected)
        }
    }

    @Test(arguments: implementationNames)
    func shapes(_ name: String) throws {
        let implementation = try implementation(name)
        let one = Half16(rawBits: 0x3C00)
        #expect(
            text([one, one, -one, one], shape: [2, 2], implementation) == "[[1.0,1.0],[-1.0,1.0]]")
        #expect(text([one], shape: [2, 0], implementation) == "[[],[]]")
        #expect(Half16.byteBound([-1]) == -1)
        #expect(BrainHalf.byteBound([1 << 40, 1 << 40]) == -1)
    }

    @Test(arguments: implementationNames)
    func longestTextsFitTheBound(_ name: String) throws {
        try longestTextsFitTheBound(Half16.self, implementation(name))
        try longestTextsFitTheBound(BrainHalf.self, implementation(name))
    }

    /// The overshoot of 64 bytes is for whole words, not for text.
    func longestTextsFitTheBound<Half: HalfNumber>(
        _ type: Half.Type, _ implementation: TensorTextImplementation
    ) {
        let numbers = (UInt16.min...UInt16.max).map(Half.init(rawBits:))
        let lengths = numbers.map { print([$0], shape: [], implementation).count }
        #expect(lengths.max()! <= Half.byteBound([]) - 64)
        #expect(lengths.max()! == Half.byteBound([]) - 64 - 1)
        for shape in [[1], [63], [64], [65], [40, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1]] {
            let longest = numbers[lengths.firstIndex(of: lengths.max()!)!]
            let copies = Array(repeating: longest, count: shape.reduce(1, *))
            #expect(print(copies, shape: shape, implementation).count <= Half.byteBound(shape) - 64)
        }
    }

    @Test(arguments: implementationNames)
    func shortestAndClosest(_ name: String) throws {
        try shortestAndClosest(Half16.self, implementation(name))
        try shortestAndClosest(BrainHalf.self, implementation(name))
    }

    /// No decimal with one digit less reads back as the number, and none as long that does is closer.
    func shortestAndClosest<Half: HalfNumber>(
        _ type: Half.Type, _ implementation: TensorTextImplementation
    ) {
        for pattern in 1..<Half.format.infinity {
            let number = Half(rawBits: pattern), value = Half.format.value(pattern)
            let printed = text([number], shape: [], implementation)
            let length = ExactDecimal(printed).digits.count
            let shorter = decimals(around: value, digits: length - 1).first {
                Half.reference($0) == number
            }
            #expect(shorter == nil, "\(printed) for \(value)")
            let distance = abs(Double(printed)! - value)
            let closer = decimals(around: value, digits: length).first {
                Half.reference($0) == number && abs(Double($0)! - value) < distance * (1 - 1e-9)
            }
            #expect(closer == nil, "\(printed) for \(value)")
        }
    }

    /// The nearest decimal with so many digits, and those to either side of it.
    func decimals(around value: Double, digits: Int) -> [String] {
        guard digits > 0 else { return [] }
        let parts = String(format: "%.\(digits - 1)e", value).split(separator: "e")
        let whole = Int(parts[0].filter { $0 != "." })!, exponent = Int(parts[1])! - digits + 1
        return (whole - 1...whole + 1).map { "\($0)e\(exponent)" }
    }
}
