// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Foundation
import TestSupport
import Testing

/// float16 and bfloat16 have so few numbers that all of them are tried, and all places between two.
@Suite struct HalfTextTests {
    @Test(arguments: implementationNames)
    func everyPatternReadsBack(_ name: String) throws {
        try everyPatternReadsBack(Half16.self, implementation(name))
        try everyPatternReadsBack(BrainHalf.self, implementation(name))
    }

    func everyPatternReadsBack<Half: HalfNumber>(
        _ type: Half.Type, _ implementation: TensorTextImplementation
    ) throws {
        let numbers = (UInt16.min...UInt16.max).map(Half.init(rawBits:))
        let printed = print(numbers, shape: [256, 256], implementation)
        let outcome = read(GuardedText(printed), as: type, implementation)
        #expect(outcome.code == .ok && outcome.shape == [256, 256])
        // A NaN comes back as the one there is a word for.
        let expected = numbers.map { UInt64($0.isNaN ? Half.nan.rawBits : $0.rawBits) }
        let wrong = zip(outcome.numbers, expected).enumerated().first { $1.0 != $1.1 }
        #expect(wrong == nil && outcome.numbers.count == 65_536, "\(wrong as Any)")
    }

    /// Halfway between any two neighbours, the greatest number and what would follow it among them:
    /// spelled with all digits, a little more and a little less.
    @Test(arguments: implementationNames)
    func everyMidpoint(_ name: String) throws {
        try everyMidpoint(Half16.self, implementation(name))
        try everyMidpoint(BrainHalf.self, implementation(name))
    }

    func everyMidpoint<Half: HalfNumber>(
        _ type: Half.Type, _ implementation: TensorTextImplementation
    ) throws {
        for (part, nudge) in ["even", "up", "down"].enumerated() {
            var texts: [String] = [], expected: [UInt64] = []
            for low in 0..<Half.format.infinity - (nudge == "down" ? 0 : 1) {
                let sign = low % 3 == 0 ? "-" : ""
                texts += spellings(ofMidpoint: Half.format.midpoint(above: low)).map {
                    sign + $0[part]
                }
                let pattern = nudge == "up" || (nudge == "even" && low & 1 == 1) ? low + 1 : low
                expected += Array(
                    repeating: UInt64(sign == "" ? pattern : pattern | 0x8000),
                    count: texts.count - expected.count)
            }
            let text = GuardedText("[" + texts.joined(separator: ",") + "]")
            let outcome = read(text, as: type, implementation)
            #expect(outcome.code == .ok)
            let wrong = expected.indices.first { outcome.numbers[$0] != expected[$0] }
            #expect(wrong == nil, "\(nudge): \(wrong.map { texts[$0] } as Any)")
        }
    }

    /// In each of several notations: the number itself, one a little above, one a little below.
    func spellings(ofMidpoint midpoint: Double) -> [[String]] {
        let exact = ExactDecimal(midpoint)
        let digits = String(decoding: exact.digits, as: UTF8.self)
        let less = "\(digits.dropLast())\(Int(String(digits.last!))! - 1)999999999999999999"
        let mantissas = [digits, digits + "000000000000000000000000000001", less]
        let places = exact.exponent
        return [
            mantissas.map { "\($0.first!).\($0.dropFirst())0E\(places - 1)" },
            mantissas.map { "\($0)0e\(places - $0.count - 1)" },
            mantissas.map { fixed($0, places) },
        ]
    }

    /// 0.`digits` · 10^`places` without an exponent.
    func fixed(_ digits: String, _ places: Int) -> String {
        guard places > 0 else { return "0." + String(repeating: "0", count: -places) + digits }
        let zeros = String(repeating: "0", count: max(0, places - digits.count))
        let padded = digits + zeros
        return "\(padded.prefix(places)).\(padded.dropFirst(places))0"
    }

    @Test(arguments: implementationNames)
    func overflow(_ name: String) throws {
        let implementation = try implementation(name)
        let float16 = [
            ("65519.99999999999999999", true), ("65520", false), ("65520.0", false),
            ("65536", false),
            ("-6.5519e4", true), ("-65520e0", false), ("1e39", false), ("1e400", false),
        ]
        for (text, fits) in float16 {
            let outcome = read("[0, \(text)]", as: Half16.self, implementation)
            #expect(outcome.code == (fits ? .ok : .overflow), "\(text)")
            #expect(fits || (outcome.path == [1] && outcome.byteCount == text.count))
        }
        let bfloat16 = [
            ("3.3895313892515355e38", true), ("339617752923046005526922703901628039167", true),
            ("339617752923046005526922703901628039168", false), ("-3.3961776e38", false),
            ("3.3961775e38", true), ("1e400", false),
        ]
        for (text, fits) in bfloat16 {
            let outcome = read("[0, \(text)]", as: BrainHalf.self, implementation)
            #expect(outcome.code == (fits ? .ok : .overflow), "\(text)")
            #expect(fits || (outcome.path == [1] && outcome.byteCount == text.count))
        }
    }
}
