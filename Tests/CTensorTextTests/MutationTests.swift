// SPDX-License-Identifier: Apache-2.0

import CTensorText
import TestSupport
import Testing

/// Texts like those sent, changed at random: every implementation gives the same outcome, which is
/// the reference reader's.
@Suite struct MutationTests {
    @Test(arguments: 0..<8)
    func allReadersAgree(_ part: Int) throws {
        let implementations = try implementationNames.map(implementation)
        for index in 0..<2_500 {
            let seed = UInt64(part * 2_500 + index)
            var random = SeededGenerator(seed: seed)
            var bytes = RandomText.array(&random)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                RandomText.mutate(&bytes, &random)
            }
            compare(bytes, as: Float.self, implementations, seed: seed)
            compare(bytes, as: Double.self, implementations, seed: seed)
            compare(bytes, as: Half16.self, implementations, seed: seed)
            compare(bytes, as: BrainHalf.self, implementations, seed: seed)
        }
    }

    func compare<Scalar: TextNumber>(
        _ bytes: [UInt8], as type: Scalar.Type, _ implementations: [TensorTextImplementation],
        seed: UInt64
    ) {
        let text = GuardedText(bytes)
        let outcomes = implementations.map { read(text, as: type, $0) }
        let note: Comment = "seed \(seed), \(type): \(String(decoding: bytes, as: UTF8.self))"
        for outcome in outcomes { #expect(outcome == outcomes[0], note) }

        var reference = ReferenceReader<Scalar>(bytes)
        if let shape = reference.read() {
            #expect(outcomes[0].code == .ok, note)
            #expect(outcomes[0].shape == shape, note)
            #expect(outcomes[0].position == reference.position, note)
            #expect(outcomes[0].numbers == reference.numbers.map { UInt64($0.rawBits) }, note)
        } else {
            #expect(outcomes[0].code != .ok, note)
        }
    }
}
