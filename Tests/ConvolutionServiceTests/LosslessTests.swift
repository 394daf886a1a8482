// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A number that is sent and returned is the same, bit for bit.
@Suite struct LosslessTests {
    /// Finite numbers of every size, both zeros among them.
    static func patterns(_ count: Int) -> [Float] {
        var generator = SeededGenerator(seed: 7)
        var values: [Float] = [
            .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 0.1, 16777215,
            1 / 3, -.leastNonzeroMagnitude, 3.4e38, 1, -1, 0, -0.0,
        ]
        while values.count < count {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            if value.isFinite { values.append(value) }
        }
        return values
    }

    @Test(arguments: ["nested", "flat", "base64"])
    func float32(_ format: String) throws {
        let values = Self.patterns(100_000)
        let list = values.map { "\($0)" }.joined(separator: ",")
        let reply = Client().post(
            "conv1d", #"{"input": [\#(list)], "weight": [1], "format": "\#(format)"}"#)
        #expect(reply.status == 200)
        let output = try Self.floats(reply, format)
        #expect(output.count == values.count)
        let wrong = zip(values, output).first { $0.bitPattern != $1.bitPattern }
        #expect(wrong == nil, "\(String(describing: wrong))")
    }

    static func floats(_ reply: Reply, _ format: String) throws -> [Float] {
        guard format == "base64" else { return reply.output.map { Float($0) } }
        let output = try #require(reply.json?["output"] as? [String: Any])
        let text = try #require(output["base64"] as? String)
        let bytes = try #require(Data(base64Encoded: text))
        return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    @Test func float64() {
        var generator = SeededGenerator(seed: 8)
        let values = (0..<20_000).map { _ in Double(bitPattern: generator.next()) }.filter {
            $0.isFinite && $0 != 0
        }
        let list = values.map { "\($0)" }.joined(separator: ",")
        let input = #"{"shape": [\#(values.count)], "dtype": "float64", "data": [\#(list)]}"#
        let weight = #"{"shape": [1], "dtype": "float64", "data": [1]}"#
        let reply = Client().post("conv1d", #"{"input": \#(input), "weight": \#(weight)}"#)
        let wrong = zip(values, Self.numbers(reply)).first { $0 != $1 }
        #expect(wrong == nil, "\(String(describing: wrong))")
        #expect(Self.numbers(reply).count == values.count)
    }

    /// The data of a flat reply, read by Swift: Foundation's JSON is off by a bit now and then.
    static func numbers(_ reply: Reply) -> [Double] {
        let data = reply.text.split(separator: "\"data\":[")[1].prefix { $0 != "]" }
        return data.split(separator: ",").map { Double($0)! }
    }
}
