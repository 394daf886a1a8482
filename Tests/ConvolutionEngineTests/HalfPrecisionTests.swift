// SPDX-License-Identifier: Apache-2.0

import ConvolutionEngine
import TestSupport
import Testing

/// Widening and rounding against the definition of the formats.
@Suite struct HalfPrecisionTests {
    static let dtypes = [DType.float16, .bfloat16]
    static let allPatterns = Array(UInt16.min...UInt16.max)

    static func patterns(_ tensor: Tensor) -> [UInt16] { tensor.withBitPatterns { Array($0) } }

    static func tensor(_ patterns: [UInt16], _ dtype: DType) -> Tensor {
        Tensor(bitPatternsOf: dtype, shape: [patterns.count]) { _ = $0.initialize(from: patterns) }
    }

    @Test func computedIn() {
        #expect(DType.allCases.map(\.computed) == [.float32, .float64, .float32, .float32])
        #expect(DType.allCases.map(\.byteCount) == [4, 8, 2, 2])
    }

    @Test(arguments: dtypes)
    func everyPatternWidens(_ dtype: DType) {
        let format = HalfReference(dtype)
        let widened = Self.tensor(Self.allPatterns, dtype).widened()
        #expect(widened.dtype == .float32)
        for (pattern, float) in zip(Self.allPatterns, widened.elements(of: Float.self)) {
            let magnitude = pattern & 0x7FFF
            let sign = UInt32(pattern & 0x8000) << 16
            let payload = UInt32(magnitude) << (23 - format.fractionBits) & 0x7F_FFFF
            let expected =
                magnitude < format.infinity
                ? Float(format.value(magnitude)).bitPattern : 0x7F80_0000 | payload
            #expect(float.bitPattern == sign | expected, "\(String(pattern, radix: 16))")
        }
    }

    /// NaN with its payload, signalling or not, as well.
    @Test(arguments: dtypes)
    func everyPatternComesBack(_ dtype: DType) {
        let returned = Self.patterns(
            Self.tensor(Self.allPatterns, dtype).widened().rounded(to: dtype))
        #expect(returned == Array(Self.allPatterns))
    }

    /// All numbers and all places halfway between two, with the floats beside them; a million floats.
    @Test(arguments: dtypes)
    func floatsAreRounded(_ dtype: DType) {
        let format = HalfReference(dtype)
        var floats = (0...format.infinity).flatMap { pattern -> [Float] in
            let value = Float(format.value(pattern))
            guard pattern < format.infinity else { return [value.nextDown, value, value.nextUp] }
            let middle = Float(format.midpoint(above: pattern))
            return [value, value.nextUp, middle.nextDown, middle, middle.nextUp]
        }
        floats += [
            .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude,
        ]
        floats += floats.map { -$0 }
        var random = SeededGenerator(seed: 16)
        floats += (0..<1_000_000).map { _ in
            Float(bitPattern: UInt32.random(in: 0 ... .max, using: &random))
        }
        floats = floats.filter { !$0.isNaN }
        let rounded = Self.patterns(Tensor(shape: [floats.count], floats).rounded(to: dtype))
        let wrong = floats.indices.first { format.nearest(Double(floats[$0])) != rounded[$0] }
        #expect(wrong == nil, "\(wrong.map { floats[$0] } as Any)")
    }

    /// The same for doubles, where a float in between would be halfway and forget on which side.
    @Test(arguments: dtypes)
    func doublesAreRoundedOnce(_ dtype: DType) {
        let format = HalfReference(dtype)
        var doubles = (0..<format.infinity).flatMap { pattern -> [Double] in
            let value = format.value(pattern), middle = format.midpoint(above: pattern)
            let nudges = [0x1p-52, 0x1p-40, 0x1p-30, 0x1p-24].map { middle * $0 }
            return [value, middle] + nudges.flatMap { [middle + $0, middle - $0] }
        }
        doubles += [.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0x1p128, 0x1p-150]
        doubles += doubles.map { -$0 }
        var random = SeededGenerator(seed: 17)
        for _ in 0..<500_000 {
            doubles.append(Double(bitPattern: random.next()))
            let exponent = Int.random(in: -140...130, using: &random)
            let significand = Double.random(in: -2...2, using: &random)
            doubles.append(significand * Double(sign: .plus, exponent: exponent, significand: 1))
        }
        doubles = doubles.filter { !$0.isNaN }
        let rounded = Self.patterns(Tensor(shape: [doubles.count], doubles).rounded(to: dtype))
        let wrong = doubles.indices.first { format.nearest(doubles[$0]) != rounded[$0] }
        #expect(wrong == nil, "\(wrong.map { doubles[$0] } as Any)")
    }

    @Test(arguments: dtypes)
    func notANumber(_ dtype: DType) {
        let format = HalfReference(dtype)
        for bits: UInt32 in [0x7F80_0001, 0xFF80_0001, 0x7FC0_0000, 0xFFFF_FFFF, 0x7FA5_5AA5] {
            let payload = UInt16(
                truncatingIfNeeded: (bits & 0x7F_FFFF) >> (23 - format.fractionBits))
            let expected =
                UInt16(bits >> 31) << 15 | format.infinity | (payload == 0 ? format.quiet : payload)
            let float = Tensor(shape: [1], [Float(bitPattern: bits)])
            #expect(Self.patterns(float.rounded(to: dtype)) == [expected])
        }
        let doubles = Tensor(shape: [2], [Double.nan, -Double.nan]).rounded(to: dtype)
        let nan = format.infinity | format.quiet
        #expect(Self.patterns(doubles) == [nan, nan | 0x8000])
    }

    @Test(arguments: dtypes)
    func whatFits(_ dtype: DType) {
        let format = HalfReference(dtype)
        let limit = format.midpoint(above: format.infinity - 1)
        #expect(dtype.holds(limit.nextDown) && dtype.holds(-limit.nextDown) && dtype.holds(0))
        #expect(!dtype.holds(limit) && !dtype.holds(-limit) && !dtype.holds(.nan))
    }

    /// Larger than what one core does alone, and no multiple of its parts.
    @Test(arguments: dtypes, [0, 1, 65_535, 65_537, 400_001])
    func anyCount(_ dtype: DType, _ count: Int) {
        let patterns = (0..<count).map { UInt16($0 % 31_000) }
        let widened = Self.tensor(patterns, dtype).widened()
        #expect(widened.shape == [count])
        #expect(Self.patterns(widened.rounded(to: dtype)) == patterns)
    }

    /// From every type to every other: once, whatever lies between.
    @Test(arguments: DType.allCases, DType.allCases)
    func converted(_ from: DType, _ to: DType) {
        let sent = Tensor.random([1000], from, seed: 5)
        let received = sent.converted(to: to)
        #expect(received.dtype == to)
        #expect(received.doubles == Tensor([1000], to, sent.doubles).doubles)
        if from == to { #expect(received.storage === sent.storage) }
    }

    @Test func othersAreReturnedAsTheyAre() {
        let floats = Tensor(shape: [2], [Float(0.1), 2]), doubles = Tensor(shape: [1], [0.1])
        #expect(floats.widened().storage === floats.storage)
        #expect(doubles.widened().storage === doubles.storage)
        #expect(floats.rounded(to: .float32).storage === floats.storage)
        #expect(doubles.rounded(to: .float32).elements(of: Float.self) == [0.1])
        let half = floats.rounded(to: .float16)
        #expect(half.rounded(to: .float16).storage === half.storage)
    }
}
