// SPDX-License-Identifier: Apache-2.0

import CTensorText
import TestSupport

/// A text cut behind some of its commas.
struct CutText {
    let text: GuardedText
    let spans: [TensorTextSpan]
    /// Numbers that the whole array has at most.
    let bound: Int

    /// Cut behind those of its first commas, in front of a colon or brace, that have these indices.
    init(_ bytes: [UInt8], behind cuts: [Int]) {
        text = GuardedText(bytes)
        let commas = Self.commas(bytes)
        bound = commas.count + 1
        let begins = [0] + cuts.map { commas[$0] + 1 }
        let ends = cuts.map { commas[$0] } + [bytes.count]
        let firsts = [0] + cuts.map { $0 + 1 } + [bound]
        spans = begins.indices.map {
            TensorTextSpan(
                begin: begins[$0], end: ends[$0], firstNumber: firsts[$0],
                numberCount: firsts[$0 + 1] - firsts[$0])
        }
    }

    /// Cut into two to five pieces, nil if there is no comma.
    init?(_ bytes: [UInt8], _ random: inout SeededGenerator) {
        let commas = Self.commas(bytes).count
        guard commas > 0 else { return nil }
        let pieces = Int.random(in: 2...5, using: &random)
        self.init(bytes, behind: (0..<commas).shuffled(using: &random).prefix(pieces - 1).sorted())
    }

    /// Where the commas of the array are, and perhaps one behind it.
    static func commas(_ bytes: [UInt8]) -> [Int] {
        let stops = Array(":}\u{0}".utf8)
        let length = bytes.firstIndex(where: stops.contains) ?? bytes.count
        return (0..<length).filter { bytes[$0] == UInt8(ascii: ",") }
    }

    /// What joining the pieces gives; nil if the text is to be read at once.
    func read<Scalar: TextNumber>(
        as type: Scalar.Type, _ implementation: TensorTextImplementation
    ) -> Outcome? {
        let poison = Scalar.reference("-123.25")
        var numbers = [Scalar](repeating: poison, count: bound)
        // Last piece first: none needs what another one finds.
        let pieces = spans.reversed().map { span in
            var alone = [Scalar](repeating: poison, count: bound)
            let piece = withUnsafePointer(to: span) { span in
                alone.withUnsafeMutableBytes {
                    implementation.readPiece(
                        Scalar.textFormat, text.start, text.count, span, $0.baseAddress!)
                }
            }
            let place = span.firstNumber..<span.firstNumber + span.numberCount
            precondition(
                alone[..<place.lowerBound].allSatisfy { $0 == poison }
                    && alone[place.upperBound...].allSatisfy { $0 == poison },
                "wrote outside its place")
            numbers.replaceSubrange(place, with: alone[place])
            return piece
        }
        let joining = tensor_text_join(pieces.reversed(), pieces.count)
        guard joining.isJoined else { return nil }
        let reading = joining.reading
        return Outcome(reading, numbers: numbers.prefix(reading.count).map { UInt64($0.rawBits) })
    }
}
