// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Changes bytes as damage, chance and malice do.
struct Mutator {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// One to four changes.
    mutating func mutant(of bytes: [UInt8], and other: [UInt8]) -> [UInt8] {
        var mutant = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&mutant, other) }
        return mutant
    }

    private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: flipBit(&bytes)
        case 2: setByte(&bytes)
        case 3, 4: setNumber(&bytes)
        case 5: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 6: bytes.removeSubrange(range(bytes.count))
        case 7: bytes.insert(contentsOf: other[range(other.count)], at: index(bytes.count + 1))
        default: setDigit(&bytes)
        }
    }

    private mutating func index(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    /// Some of `count` bytes, mostly few.
    private mutating func range(_ count: Int) -> Range<Int> {
        let limit = Bool.random(using: &random) ? min(count, 16) : count
        let start = index(count + 1)
        return start..<min(count, start + index(limit + 1))
    }

    private mutating func flipBit(_ bytes: inout [UInt8]) {
        if !bytes.isEmpty { bytes[index(bytes.count)] ^= 1 << UInt8(index(8)) }
    }

    private mutating func setByte(_ bytes: inout [UInt8]) {
        let values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF] + Array("\"\\{}[](),:'0- ".utf8)
        if !bytes.isEmpty { bytes[index(bytes.count)] = values.randomElement(using: &random)! }
    }

    /// A size or an offset: of 2, 4 or 8 bytes, about as large as the file or as a type.
    private mutating func setNumber(_ bytes: inout [UInt8]) {
        let bases = [
            0, bytes.count, 1 << 15, 1 << 16, 1 << 31, 1 << 32, Int.max, Int.min, index(1 << 20),
        ]
        let value = bases.randomElement(using: &random)! &+ Int.random(in: -2...2, using: &random)
        let field = value.littleEndianBytes.prefix(2 << index(3))
        guard bytes.count >= field.count else { return }
        let start = index(bytes.count - field.count + 1)
        bytes.replaceSubrange(start..<start + field.count, with: field)
    }

    /// A digit becomes another, or many.
    private mutating func setDigit(_ bytes: inout [UInt8]) {
        let places = bytes.indices.filter { 0x30...0x39 ~= bytes[$0] }
        guard let place = places.randomElement(using: &random) else { return }
        let numbers = [
            "0", "1", "9", "-1", "65535", "4294967296", "9223372036854775807", "1e9", "2.5",
        ]
        bytes.replaceSubrange(place...place, with: numbers.randomElement(using: &random)!.utf8)
    }
}
