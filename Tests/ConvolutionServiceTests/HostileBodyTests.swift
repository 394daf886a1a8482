// SPDX-License-Identifier: Apache-2.0

import Testing

/// Large bodies that fail late cost no more than a reading or two.
@Suite struct HostileBodyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: String
        let repeated: String
        let times: Int
        let after: String
        let pointer: String?

        var body: String {
            let input = before + String(repeating: repeated, count: times) + after
            return #"{"input": \#(input), "weight": [1]}"#
        }
    }

    static let rows = [
        Row(
            testDescription: "ragged", before: "[", repeated: "[1,2],", times: 500_000,
            after: "[1]]", pointer: "/input/500000"),
        Row(
            testDescription: "null", before: "[", repeated: "1,", times: 2_000_000, after: "null]",
            pointer: "/input/2000000"),
        Row(
            testDescription: "escapes in base64", before: #"{"shape": [1], "base64": ""#,
            repeated: #"\/"#, times: 2_000_000, after: #""}"#, pointer: "/input/base64"),
        Row(
            testDescription: "escapes in a name", before: #"{""#, repeated: #"\u0061"#,
            times: 1_000_000, after: #"": 1}"#, pointer: nil),
        Row(
            testDescription: "blanks", before: "", repeated: " ", times: 10_000_000, after: "3",
            pointer: "/input"),
        Row(
            testDescription: "small objects", before: #"[{"a":[""#, repeated: #"","#, times: 0,
            after: #""]}]"#, pointer: "/input/0"),
        Row(
            testDescription: "members", before: #"{"shape":[0],"data":[],"x":{"#,
            repeated: #""a":1,"#, times: 1_000_000, after: #""a":1}}"#, pointer: "/input/x"),
    ]

    @Test(arguments: rows)
    func answered(_ row: Row) {
        let body = row.body
        let start = ContinuousClock.now
        let reply = Client().post("conv1d", body)
        #expect(reply.status == 422, "\(reply.text)")
        #expect(reply.isProblem)
        #expect(reply.text.utf8.count < 2000)
        if let pointer = row.pointer { #expect(reply.pointer == pointer) }
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
