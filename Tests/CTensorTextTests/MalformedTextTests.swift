// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Testing

/// A text and what is wrong with it. Read as float64 unless `float32` says otherwise.
struct MalformedText: Sendable, CustomTestStringConvertible {
    var text: String
    var code: TensorTextCode
    var position: Int
    var byteCount = 0
    var path: [Int] = []
    var float32 = false

    init(
        _ text: String, _ code: TensorTextCode, _ position: Int, _ byteCount: Int = 0,
        _ path: [Int] = [], float32: Bool = false
    ) {
        self.text = text
        self.code = code
        self.position = position
        self.byteCount = byteCount
        self.path = path
        self.float32 = float32
    }

    var testDescription: String { text.count > 40 ? "\(text.prefix(40))…" : text }
}

let malformedTexts: [MalformedText] = [
    // The text ends.
    .init("", .unexpectedEnd, 0),
    .init("  ", .unexpectedEnd, 2),
    .init("[", .unexpectedEnd, 1),
    .init("[1,2,3", .unexpectedEnd, 6),
    .init("[1,2,", .unexpectedEnd, 5),
    .init("[[1],", .unexpectedEnd, 5),
    .init("[[1,2],[3,4]", .unexpectedEnd, 12),
    .init("[-", .unexpectedEnd, 2),
    .init("[1.", .unexpectedEnd, 3),
    .init("[1.5e", .unexpectedEnd, 5),
    .init("[1e+", .unexpectedEnd, 4),
    .init("[nul", .unexpectedEnd, 4),
    .init("[fals", .unexpectedEnd, 5),
    .init("[Na", .unexpectedEnd, 3),
    .init("[-Inf", .unexpectedEnd, 5),
    .init("[\"NaN", .unexpectedEnd, 5),
    .init("[\"\\", .unexpectedEnd, 3),
    .init("[1,\u{0}2]", .syntax, 3),
    .init("[1\u{0},2]", .syntax, 2),
    .init("\u{0}[1]", .syntax, 0),
    .init("[\"a\u{0}\"]", .syntax, 3),
    // What stands between the numbers.
    .init("[1,,2]", .syntax, 3),
    .init("[1,2,]", .syntax, 5),
    .init("[,1]", .syntax, 1),
    .init("]", .syntax, 0),
    .init("[1 2]", .syntax, 3),
    .init("[1;2]", .syntax, 2),
    .init("[1}", .syntax, 2),
    .init("[1\u{0C}]", .syntax, 2),
    .init("[1.5.5]", .syntax, 4),
    .init("[1e2.5]", .syntax, 4),
    .init("[NaNs]", .syntax, 4),
    .init("[0x10]", .syntax, 2),
    .init("[1_0]", .syntax, 2),
    .init("[[1]x]", .syntax, 4),
    .init("[[1][2]]", .syntax, 4),
    .init("[[1],]", .syntax, 5),
    .init("[[1],,[2]]", .syntax, 5),
    // Numbers.
    .init("[01]", .badNumber, 1, 0, [0]),
    .init("[1,-01]", .badNumber, 4, 0, [1]),
    .init("[00.5]", .badNumber, 1, 0, [0]),
    .init("[+1]", .badNumber, 1, 0, [0]),
    .init("[.5]", .badNumber, 1, 0, [0]),
    .init("[1.]", .badNumber, 3, 0, [0]),
    .init("[1.e5]", .badNumber, 3, 0, [0]),
    .init("[-.5]", .badNumber, 2, 0, [0]),
    .init("[1e]", .badNumber, 3, 0, [0]),
    .init("[1e+]", .badNumber, 4, 0, [0]),
    .init("[2,1.5e-]", .badNumber, 8, 0, [1]),
    .init("[-]", .badNumber, 2, 0, [0]),
    .init("[--1]", .badNumber, 2, 0, [0]),
    .init("[nan]", .badNumber, 1, 0, [0]),
    .init("[-NaN]", .badNumber, 2, 0, [0]),
    .init("[inf]", .badNumber, 1, 0, [0]),
    .init("[-Infinite]", .badNumber, 1, 0, [0]),
    .init("[[1],[x]]", .badNumber, 6, 0, [1, 0]),
    // No numbers.
    .init("null", .null, 0, 4),
    .init("[null]", .null, 1, 4, [0]),
    .init("[[1,2],[3,null]]", .null, 10, 4, [1, 1]),
    .init("[[1,2],null]", .null, 7, 4, [1]),
    .init("[true]", .wrongElement, 1, 4, [0]),
    .init("[1, false]", .wrongElement, 4, 5, [1]),
    .init("[\"1\"]", .wrongElement, 1, 3, [0]),
    .init("[\"\"]", .wrongElement, 1, 2, [0]),
    .init("[\"NaN,1\"]", .wrongElement, 1, 7, [0]),
    .init("[\"-NaN\"]", .wrongElement, 1, 6, [0]),
    .init("[\"a\\\"b\"]", .wrongElement, 1, 6, [0]),
    .init("[{\"a\":1}]", .wrongElement, 1, 1, [0]),
    // Overflow.
    .init("[1,1e39]", .overflow, 3, 4, [1], float32: true),
    .init("[-3.4028236e38]", .overflow, 1, 13, [0], float32: true),
    .init(
        "[[0],[340282356779733661637539395458142568448]]", .overflow, 6, 39, [1, 0], float32: true),
    .init("1e999", .overflow, 0, 5),
    .init("[1e309]", .overflow, 1, 5, [0]),
    .init("[-1.7976931348623159e308]", .overflow, 1, 23, [0]),
    .init("[1e99999999999999999999]", .overflow, 1, 22, [0]),
    // Shape.
    .init("[[1,2],[3]]", .ragged, 9, 1, [1]),
    .init("[[1,2],[3,4,5]]", .ragged, 13, 1, [1]),
    .init("[[1,2],[]]", .ragged, 8, 1, [1]),
    .init("[[],[1]]", .ragged, 6, 1, [1]),
    .init("[[[1],[2]],[[3]]]", .ragged, 15, 1, [1]),
    .init("[[[1],[2]],[[3],[4,5]]]", .ragged, 20, 1, [1, 1]),
    .init("[[[1]],[]]", .ragged, 8, 1, [1]),
    .init("[[1,2],3]", .mixed, 7, 1, [1]),
    .init("[[1,2],\"NaN\"]", .mixed, 7, 5, [1]),
    .init("[1,[2]]", .mixed, 3, 1, [1]),
    .init("[[1],[[2]]]", .mixed, 6, 1, [1, 0]),
    .init("[[],[[]]]", .mixed, 5, 1, [1, 0]),
    .init("[[[1]],[2]]", .mixed, 8, 1, [1, 0]),
    .init("[[[[[[[[[1]]]]]]]]]", .tooDeep, 8, 1, [0, 0, 0, 0, 0, 0, 0, 0]),
    .init(String(repeating: "[", count: 1_000_000), .tooDeep, 8, 1, [0, 0, 0, 0, 0, 0, 0, 0]),
]

@Suite struct MalformedTextTests {
    @Test(arguments: implementationNames, malformedTexts)
    func refuses(_ name: String, _ row: MalformedText) throws {
        let implementation = try implementation(name)
        let outcome =
            row.float32
            ? read(row.text, as: Float.self, implementation)
            : read(row.text, as: Double.self, implementation)
        #expect(outcome.code == row.code)
        #expect(outcome.position == row.position)
        #expect(outcome.byteCount == row.byteCount)
        #expect(outcome.path == row.path)
    }

    /// What is wrong with a float64 or a float32 is wrong with a number of 16 bits.
    @Test(arguments: implementationNames, malformedTexts)
    func refusesAsHalves(_ name: String, _ row: MalformedText) throws {
        let implementation = try implementation(name)
        for outcome in [
            read(row.text, as: Half16.self, implementation),
            read(row.text, as: BrainHalf.self, implementation),
        ] {
            #expect(outcome.code == row.code)
            #expect(outcome.position == row.position)
            #expect(outcome.byteCount == row.byteCount)
            #expect(outcome.path == row.path)
        }
    }

    @Test(arguments: implementationNames)
    func tellsTheLengthsOfRaggedRows(_ name: String) throws {
        let outcome = read("[[1,2,3],[4,5]]", as: Float.self, try implementation(name))
        #expect(outcome.found == 2 && outcome.expected == 3)
    }

    @Test(arguments: implementationNames)
    func stopsAtTheCapacity(_ name: String) throws {
        let implementation = try implementation(name)
        for capacity in 0..<5 {
            let outcome = read("[1,2,3,4,5]", as: Float.self, implementation, capacity: capacity)
            #expect(outcome.code == .full && outcome.numbers.count == capacity)
            #expect(outcome.path == [capacity] && outcome.position == 1 + 2 * capacity)
        }
        #expect(read("[1,2,3,4,5]", as: Float.self, implementation, capacity: 5).code == .ok)
        #expect(read("[[],[]]", as: Float.self, implementation, capacity: 0).code == .ok)
    }

    @Test func everyRefusalHasAMessage() throws {
        for row in malformedTexts {
            let text = GuardedText(row.text)
            var numbers = [Float](repeating: 0, count: 8)
            let reading = tensor_text_read_float32(text.start, text.count, &numbers, 8)
            if reading.code != .ok { #expect(String(cString: reading.message).count > 5) }
        }
    }
}
