// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation
import TestSupport
import Testing

/// Numbers printed, read back and compared bit for bit; and numbers in other spellings, compared
/// with the C library's reading.
@Suite struct RoundTripTests {
    @Test(arguments: implementationNames)
    func cornersOfFloat32(_ name: String) throws {
        let corners = corners(Float.self)
        try expectRoundTrip(corners, try implementation(name), seed: 0)
        try expectSameAsReference(
            corners.flatMap(spellings), as: Float.self, try implementation(name), seed: 0)
    }

    @Test(arguments: implementationNames)
    func cornersOfFloat64(_ name: String) throws {
        let corners = corners(Double.self)
        try expectRoundTrip(corners, try implementation(name), seed: 0)
        try expectSameAsReference(
            corners.flatMap(spellings), as: Double.self, try implementation(name), seed: 0)
    }

    @Test(arguments: implementationNames)
    func aMillionBitPatternsOfFloat32(_ name: String) throws {
        let (numbers, seed) = randomPatterns(Float.self, count: 1_000_000)
        try expectRoundTrip(numbers, try implementation(name), seed: seed)
    }

    @Test(arguments: implementationNames)
    func aMillionBitPatternsOfFloat64(_ name: String) throws {
        let (numbers, seed) = randomPatterns(Double.self, count: 1_000_000)
        try expectRoundTrip(numbers, try implementation(name), seed: seed)
    }

    @Test(arguments: implementationNames)
    func otherSpellings(_ name: String) throws {
        let implementation = try implementation(name)
        let (floats, seed) = randomPatterns(Float.self, count: 5_000)
        try expectSameAsReference(
            floats.flatMap(spellings), as: Float.self, implementation, seed: seed)
        let doubles = randomPatterns(Double.self, count: 5_000).numbers
        try expectSameAsReference(
            doubles.flatMap(spellings), as: Double.self, implementation, seed: seed)
        // Of ordinary size, where the straight paths are taken.
        var random = SeededGenerator(seed: seed)
        let ordinary = (0..<20_000).map { _ in
            Double.random(in: -1...1, using: &random)
                * pow(10, Double.random(in: -6...9, using: &random))
        }
        try expectSameAsReference(
            ordinary.flatMap(spellings), as: Float.self, implementation, seed: seed)
        try expectSameAsReference(
            ordinary.flatMap(spellings), as: Double.self, implementation, seed: seed)
        try expectSameAsReference(
            ordinary.flatMap(spellings), as: Half16.self, implementation, seed: seed)
        try expectSameAsReference(
            ordinary.flatMap(spellings), as: BrainHalf.self, implementation, seed: seed)
    }

    /// Halfway between two neighbours, written out, and one digit to either side of it.
    @Test(arguments: implementationNames)
    func midpoints(_ name: String) throws {
        let implementation = try implementation(name)
        let (floats, seed) = randomPatterns(Float.self, count: 5_000)
        let texts = floats.flatMap { float -> [String] in
            let middle = (Double(float) + Double(float.nextUp)) / 2
            return middle.isFinite ? aroundMidpoint(String(format: "%.150e", middle)) : []
        }
        try expectSameAsReference(texts, as: Float.self, implementation, seed: seed)
        var random = SeededGenerator(seed: seed)
        let halves = (0..<5_000).flatMap { _ -> [String] in
            // 2^53...2^54: every other integer is halfway between two doubles
            let integer = (1 << 53) + Int.random(in: 0..<(1 << 53), using: &random)
            return aroundMidpoint("\(integer).0") + ["\(integer)", "\(integer)e0"]
        }
        try expectSameAsReference(halves, as: Double.self, implementation, seed: seed)
        let nearOne = (0..<5_000).map { _ in
            String(
                format: "%.30f",
                1 + (Double(Int.random(in: 0..<(1 << 23), using: &random)) + 0.5) * 0x1p-23)
        }
        try expectSameAsReference(
            nearOne.flatMap(aroundMidpoint), as: Float.self, implementation, seed: seed)
    }

    // MARK: -

    /// Signed zeros, both ends of the subnormals and normals, powers of two and ten with their
    /// neighbours, small integers and hundredths, the non-finite values.
    func corners<Scalar: TextScalar>(_ type: Scalar.Type) -> [Scalar] {
        var numbers: [Scalar] = [
            0, .leastNonzeroMagnitude, .leastNormalMagnitude, .leastNormalMagnitude.nextDown,
            .greatestFiniteMagnitude, .infinity, .ulpOfOne,
        ]
        for exponent in Int(
            Scalar.leastNonzeroMagnitude.exponent)...Int(Scalar.greatestFiniteMagnitude.exponent)
        {
            numbers.append(Scalar(sign: .plus, exponent: Scalar.Exponent(exponent), significand: 1))
        }
        for exponent in -330...310 { numbers.append(Scalar.reference("1e\(exponent)")) }
        numbers += numbers.flatMap { [$0.nextUp, $0.nextDown] }.filter { !$0.isNaN }
        numbers += (0..<2000).flatMap { [Scalar($0), Scalar($0) / 100, Scalar($0) * 1_000_003] }
        return numbers + numbers.map { -$0 } + [.nan]
    }

    func spellings<Scalar: TextScalar>(_ number: Scalar) -> [String] {
        spellings(of: Double(number))
    }

    func spellings(of double: Double) -> [String] {
        guard double.isFinite else { return [] }
        return ["%.8e", "%.9g", "%.16g", "%.17g", "%.25g", "%.12f", "%.40f"].map {
            String(format: $0, double)
        }
    }

    /// The text, and with its last digit raised or the digit behind it set.
    func aroundMidpoint(_ text: String) -> [String] {
        let mantissa = text.prefix { $0 != "e" }
        let exponent = text.dropFirst(mantissa.count)
        return ["", "0", "1", "00000000000000000000001"].map { mantissa + $0 + exponent }
            + [mantissa.dropLast() + "9" + exponent]
    }

    func randomPatterns<Scalar: TextNumber>(
        _ type: Scalar.Type, count: Int
    ) -> (numbers: [Scalar], seed: UInt64) {
        let seed: UInt64 = 20_261_123
        var random = SeededGenerator(seed: seed)
        var numbers: [Scalar] = []
        while numbers.count < count {
            let number = Scalar(rawBits: Scalar.RawBits(truncatingIfNeeded: random.next()))
            if !number.isNaN { numbers.append(number) }
        }
        return (numbers, seed)
    }

    func expectRoundTrip<Scalar: TextNumber>(
        _ numbers: [Scalar], _ implementation: TensorTextImplementation, seed: UInt64
    ) throws {
        let outcome = read(
            GuardedText(print(numbers, shape: [numbers.count], implementation)), as: Scalar.self,
            implementation)
        #expect(outcome.code == .ok && outcome.shape == [numbers.count])
        try #require(outcome.numbers.count == numbers.count)
        let wrong = numbers.indices.first { UInt64(numbers[$0].rawBits) != outcome.numbers[$0] }
        #expect(wrong == nil, "seed \(seed): \(wrong.map { numbers[$0] } as Any)")
    }

    func expectSameAsReference<Scalar: TextNumber>(
        _ texts: [String], as type: Scalar.Type, _ implementation: TensorTextImplementation,
        seed: UInt64
    ) throws {
        let texts = texts.filter { Scalar.reference($0).isFinite }
        let joined = GuardedText("[" + texts.joined(separator: ",") + "]")
        let outcome = read(joined, as: type, implementation)
        #expect(outcome.code == .ok, "seed \(seed)")
        try #require(outcome.numbers.count == texts.count)
        let wrong = texts.indices.first {
            UInt64(Scalar.reference(texts[$0]).rawBits) != outcome.numbers[$0]
        }
        #expect(wrong == nil, "seed \(seed): \(wrong.map { texts[$0] } as Any)")
    }
}
