// SPDX-License-Identifier: Apache-2.0

import CTensorText
import TestSupport
import Testing

/// A text read in pieces is the text read at once, or says that it must be.
@Suite struct CutTests {
    @Test(arguments: implementationNames, acceptedTexts)
    func joinsWhatIsAccepted(_ name: String, _ row: AcceptedText) throws {
        let implementation = try implementation(name)
        for seed: UInt64 in 0..<40 {
            var random = SeededGenerator(seed: seed)
            guard let cut = CutText(Array((row.text + row.rest).utf8), &random) else { return }
            expectSame(cut, as: Float.self, implementation, seed, joins: !row.shape.contains(0))
            expectSame(cut, as: Double.self, implementation, seed, joins: !row.shape.contains(0))
        }
    }

    @Test(arguments: implementationNames, malformedTexts)
    func joinsNothingThatIsRefused(_ name: String, _ row: MalformedText) throws {
        let implementation = try implementation(name)
        for seed: UInt64 in 0..<40 {
            var random = SeededGenerator(seed: seed)
            guard let cut = CutText(Array(row.text.utf8), &random) else { return }
            if row.float32 {
                expectSame(cut, as: Float.self, implementation, seed, joins: false)
            } else {
                expectSame(cut, as: Double.self, implementation, seed, joins: false)
            }
        }
    }

    @Test(arguments: 0..<8)
    func mutations(_ part: Int) throws {
        let implementations = try implementationNames.map(implementation)
        for index in 0..<2_500 {
            let seed = UInt64(100_000 + part * 2_500 + index)
            var random = SeededGenerator(seed: seed)
            var bytes = RandomText.array(&random)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                RandomText.mutate(&bytes, &random)
            }
            guard let cut = CutText(bytes, &random) else { continue }
            for implementation in implementations {
                expectSame(cut, as: Float.self, implementation, seed)
                expectSame(cut, as: Double.self, implementation, seed)
                expectSame(cut, as: Half16.self, implementation, seed)
                expectSame(cut, as: BrainHalf.self, implementation, seed)
            }
        }
    }

    /// Cut behind every comma, and behind each single one.
    @Test(arguments: implementationNames)
    func everyCut(_ name: String) throws {
        let implementation = try implementation(name)
        for text in [
            "[1,2,3,4,5,6,7]", "[[1,2,3],[4,5,6]]", "[ [1 , 2 ] , [ 3, 4 ] ]",
            "[[[1,2],[3,4]],[[5,6],[7,8]]]", "[[[1],[2]],[[3],[4]],[[5],[6]]]",
            "[[[[[[[[1,2]]]]]]],[[[[[[[3,4]]]]]]]]", "[1,2],[3,4]", "[[1]],2,[3]",
        ] {
            let bytes = Array(text.utf8), count = CutText.commas(bytes).count
            for cuts in [Array(0..<count)] + (0..<count).map({ [$0] }) {
                expectSame(
                    CutText(bytes, behind: cuts), as: Float.self, implementation, 0, joins: true)
            }
        }
        // Each piece alone is fine here, or would be at another depth.
        for text in [
            "[[1],2]", "[1,[2]]", "[[1,2],[3]]", "[[[1]],[2]]", "[[1],[[2]]]", "[1,[2],3]",
        ] {
            let bytes = Array(text.utf8), count = CutText.commas(bytes).count
            for cuts in [Array(0..<count)] + (0..<count).map({ [$0] }) {
                expectSame(
                    CutText(bytes, behind: cuts), as: Float.self, implementation, 0, joins: false)
            }
        }
    }

    @Test(arguments: implementationNames)
    func surveys(_ name: String) throws {
        let implementation = try implementation(name)
        let seed: UInt64 = 5
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("1234567890,,,,[]. ".utf8), stops = Array(":}\u{0}".utf8)
        for length in 0..<400 {
            var bytes = (0..<length).map { _ in alphabet.randomElement(using: &random)! }
            if length > 0, Bool.random(using: &random) {
                bytes[Int.random(in: 0..<length, using: &random)] =
                    stops.randomElement(using: &random)!
            }
            let text = GuardedText(bytes)
            let whole = implementation.survey(text.start, length)
            let end = bytes.firstIndex(where: stops.contains) ?? length
            #expect(whole.byteCount == end, "seed \(seed), length \(length)")
            #expect(whole.commas == bytes[..<end].count { $0 == UInt8(ascii: ",") })
            #expect(implementation.numberBound(text.start, length) == whole.commas + 1)
            guard end >= 128 else { continue }
            let stretch = implementation.survey(text.start + 64, 64)
            #expect(stretch.byteCount == 64)
            #expect(stretch.commas == bytes[64..<128].count { $0 == UInt8(ascii: ",") })
        }
    }

    /// Pieces are joined into what reading at once gives, or they are not, which must be so of what is no tensor
    /// and may be of empty lists. `joins`: which one is expected.
    func expectSame<Scalar: TextNumber>(
        _ cut: CutText, as type: Scalar.Type, _ implementation: TensorTextImplementation,
        _ seed: UInt64, joins: Bool? = nil
    ) {
        let joined = cut.read(as: type, implementation)
        let whole = CTensorTextTests.read(cut.text, as: type, implementation)
        let isTensor = whole.code == .ok, isGood = isTensor && !whole.shape.contains(0)
        let note: Comment = "seed \(seed), \(type), pieces \(cut.spans.map { $0.begin..<$0.end })"
        #expect((joined == whole && isTensor) || (joined == nil && !isGood), note)
        if let joins { #expect(joins == isGood, note) }
    }
}
