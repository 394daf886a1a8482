// SPDX-License-Identifier: Apache-2.0

import CTensorText
import Testing

struct AcceptedText: Sendable, CustomTestStringConvertible {
    var text: String
    var shape: [Int]
    var numbers: [Double]
    /// What stands behind the array.
    var rest = ""

    init(_ text: String, _ shape: [Int], _ numbers: [Double], rest: String = "") {
        self.text = text
        self.shape = shape
        self.numbers = numbers
        self.rest = rest
    }

    var testDescription: String { text }
}

let acceptedTexts: [AcceptedText] = [
    .init("5", [], [5]),
    .init(" -0", [], [-0.0]),
    .init("1.5", [], [1.5], rest: ",\"a\":2}"),
    .init("\"NaN\"", [], [.nan], rest: "}"),
    .init("[]", [0], []),
    .init(" [ ] ", [0], [], rest: " "),
    .init("[[],[]]", [2, 0], []),
    .init("[[[]],[[]],[[]]]", [3, 1, 0], []),
    .init("[1,2,3]", [3], [1, 2, 3], rest: "]"),
    .init("[[1,2],[3,4]]", [2, 2], [1, 2, 3, 4]),
    .init("[[1,2],[3,4]]", [2, 2], [1, 2, 3, 4], rest: ",[5]"),
    .init(" [ [ 1 , 2 ] ,\n\t[ 3\r, 4 ] ] ", [2, 2], [1, 2, 3, 4], rest: " "),
    .init("[[[[[[[[-1.25e2]]]]]]]]", [1, 1, 1, 1, 1, 1, 1, 1], [-125]),
    .init("[NaN,Infinity,-Infinity]", [3], [.nan, .infinity, -.infinity]),
    .init("[\"NaN\",\"Infinity\",\"-Infinity\"]", [3], [.nan, .infinity, -.infinity]),
    .init("[1e5,1E+5,1e-05,0e99,-0.0e-99]", [5], [1e5, 1e5, 1e-5, 0, -0.0]),
    .init("[0.1e1,10e-1,1000000000e-9]", [3], [1, 1, 1]),
    .init("[0,0.5]", [2], [0, 0.5]),
    .init("[123456789012345678901234567890]", [1], [123_456_789_012_345_677_877_719_597_056]),
    .init("[1e-400,-1e-9999999999999999999]", [2], [0, -0.0]),
    .init("[0.00000000000000000000,0.0000000000000000000000000000000000000]", [2], [0, 0]),
]

@Suite struct AcceptedTextTests {
    @Test(arguments: implementationNames, acceptedTexts)
    func reads(_ name: String, _ row: AcceptedText) throws {
        let implementation = try implementation(name)
        try check(row, as: Float.self, implementation)
        try check(row, as: Double.self, implementation)
    }

    func check<Scalar: TextScalar>(
        _ row: AcceptedText, as type: Scalar.Type, _ implementation: TensorTextImplementation
    ) throws {
        let blanks = row.rest.prefix { $0 == " " }.count
        let outcome = read(
            row.text + row.rest.dropFirst(blanks), as: type, implementation,
            capacity: row.numbers.count)
        #expect(outcome.code == .ok)
        #expect(outcome.shape == row.shape)
        #expect(outcome.position == row.text.utf8.count - blanks)
        #expect(outcome.numbers == row.numbers.map { UInt64(Scalar($0).rawBits) })
    }

    @Test(arguments: implementationNames)
    func boundsTheNumbers(_ name: String) throws {
        let implementation = try implementation(name)
        let long = "[" + String(repeating: "1,", count: 1000) + "1]"
        for (text, bound) in [
            ("", 1), ("5", 1), ("[]", 1), ("[1,2]", 2), ("[1,2],\"a\":[3,4,5]", 3),
            ("[1,2]},{3,4", 2),
            (long, 1001), (long + ",\"weight\":" + long, 1002), ("[1,2\u{0},3", 2),
        ] {
            let guarded = GuardedText(text)
            #expect(implementation.numberBound(guarded.start, guarded.count) == bound, "\(text)")
        }
    }

    @Test func usesTheImplementationAskedFor() {
        let best = String(cString: tensor_text_implementation_in_use().pointee.name)
        #expect(best == implementationNames.last)
        #expect(!tensor_text_use("no such instruction set"))
        for name in implementationNames {
            #expect(tensor_text_use(name))
            #expect(String(cString: tensor_text_implementation_in_use().pointee.name) == name)
        }
    }
}
